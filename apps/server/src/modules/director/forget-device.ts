// A device is deleted: what was assigned to it ends as cancelled, and stays as history; its ECUs, its roles, its
// installation reports and the attacks it told of go, so that another device can register these ECUs. Safe to repeat.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { isRunning } from './assignment.ts';
import { listAssignments } from './assignment-store.ts';
import { removeAttacks } from './attack-store.ts';
import { changeState } from './change-state.ts';
import type { DeviceUpdateCanceled } from './events.ts';
import { removeInstallationReports } from './installation-report-store.ts';
import { removeDeviceRows, type DeviceKey } from './store.ts';

const DELETED = {
  success: false,
  code: 'OPERATION_CANCELLED',
  description: 'The device was deleted',
};

export async function forgetDevice(ctx: Context, tx: Transaction, key: DeviceKey): Promise<void> {
  const { environment, uuid: deviceUuid } = key;
  const open = await listAssignments(tx, key, { states: ['queued', 'assigned', 'in_flight'] });
  for (const assignment of open) {
    await changeState(ctx, tx, { environment, assignment, event: 'device_deleted', result: DELETED });
  }
  for (const [correlationId, group] of Map.groupBy(open, (assignment) => assignment.correlationId)) {
    const canceled: DeviceUpdateCanceled = {
      type: 'DeviceUpdateCanceled',
      environment,
      deviceUuid,
      correlationId,
      wasRunning: group.some((assignment) => isRunning(assignment.state)),
    };
    await publish(tx, canceled);
  }
  await removeInstallationReports(tx, key);
  await removeAttacks(tx, key);
  await removeDeviceRows(tx, key);
}
