// A device is deleted: it leaves its groups, and its device id and ECU serials are free. Who takes part elsewhere learns it
// from the event.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { forgetDevice } from '../director/index.ts';
import type { DeviceDeleted } from './events.ts';
import { findDevice } from './find-device.ts';
import { removeReports } from './report-store.ts';
import { removeDeviceRows } from './store.ts';

type DeviceKey = { readonly environment: string; readonly uuid: string };

/** Throws RequestError `missing_entity`. */
export async function removeDevice(ctx: Context, tx: Transaction, key: DeviceKey): Promise<void> {
  const { environment, uuid } = key;
  const { device_id: deviceId } = await findDevice(tx, environment, uuid);
  // Stated first: campaigns keep why their rows ended.
  const deleted: DeviceDeleted = { type: 'DeviceDeleted', environment, deviceUuid: uuid, deviceId };
  await publish(tx, deleted);
  await eraseDevice(ctx, tx, key);
}

/** Safe to repeat. */
export async function eraseDevice(ctx: Context, tx: Transaction, key: DeviceKey): Promise<void> {
  const { environment, uuid } = key;
  await forgetDevice(ctx, tx, key);
  await removeReports(tx, { environment, deviceUuid: uuid });
  await removeDeviceRows(tx, environment, uuid);
}
