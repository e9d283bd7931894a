// The status of a device follows what the Director states about its updates.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import type {
  DeviceUpdateCanceled,
  DeviceUpdateCompleted,
  UpdateAssigned,
  UpdateInFlight,
} from '../director/index.ts';
import { nextDeviceStatus, type StatusEvent } from './device-status.ts';
import { findDeviceRow, setDeviceStatus } from './store.ts';

type DirectorEvent = UpdateAssigned | UpdateInFlight | DeviceUpdateCompleted | DeviceUpdateCanceled;

export async function onDirectorEvent(_ctx: Context, tx: Transaction, event: DirectorEvent): Promise<void> {
  const change = changeOf(event);
  if (change === undefined) return;
  const device = await findDeviceRow(tx, event.environment, event.deviceUuid);
  if (device === undefined) return;
  const status = nextDeviceStatus(device.status, change);
  if (status !== device.status) await setDeviceStatus(tx, event.environment, event.deviceUuid, status);
}

function changeOf(event: DirectorEvent): StatusEvent | undefined {
  switch (event.type) {
    case 'UpdateAssigned':
      return 'update_assigned';
    case 'UpdateInFlight':
      return 'update_in_flight';
    case 'DeviceUpdateCompleted':
      return event.result.success ? 'update_succeeded' : 'update_failed';
    case 'DeviceUpdateCanceled':
      // One that was still queued says nothing about the update that runs.
      return event.wasRunning ? 'update_cancelled' : undefined;
  }
}
