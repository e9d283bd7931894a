// Takes an update of one device back, as long as the device has not fetched it. Source: server-protocol 4.8
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { isRunning, mayCancel } from './assignment.ts';
import { listAssignments } from './assignment-store.ts';
import { changeState } from './change-state.ts';
import type { DeviceUpdateCanceled } from './events.ts';
import { promoteNext } from './promote-next.ts';
import { markOutdated } from './store.ts';

/** `in_flight`: the device goes on with it and will report. `none`: nothing of it is open. */
export type Cancelled = 'cancelled' | 'in_flight' | 'none';

export async function cancelAssignments(
  ctx: Context,
  tx: Transaction,
  update: { readonly environment: string; readonly deviceUuid: string; readonly correlationId: string },
): Promise<Cancelled> {
  const { environment, deviceUuid, correlationId } = update;
  const key = { environment, uuid: deviceUuid };
  const open = await listAssignments(tx, key, { correlationId, states: ['queued', 'assigned', 'in_flight'] });
  if (open.length === 0) return 'none';
  if (!open.every((assignment) => mayCancel(assignment.state))) return 'in_flight';
  const result = {
    success: false,
    code: 'OPERATION_CANCELLED',
    description: 'Cancelled before the device fetched it',
  };
  for (const assignment of open) {
    await changeState(ctx, tx, { environment, assignment, event: 'cancel_requested', result });
  }
  const wasRunning = open.some((assignment) => isRunning(assignment.state));
  const canceled: DeviceUpdateCanceled = {
    type: 'DeviceUpdateCanceled',
    environment,
    deviceUuid,
    correlationId,
    wasRunning,
  };
  await publish(tx, canceled);
  if (wasRunning) {
    await markOutdated(tx, key, true);
    await promoteNext(ctx, tx, key);
  }
  return 'cancelled';
}
