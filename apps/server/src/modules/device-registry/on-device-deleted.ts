// What a request of the device, under way when it was deleted, has written after that goes too.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import type { DeviceDeleted } from './events.ts';
import { eraseDevice } from './remove-device.ts';

export async function onDeviceDeleted(ctx: Context, tx: Transaction, event: DeviceDeleted): Promise<void> {
  await eraseDevice(ctx, tx, { environment: event.environment, uuid: event.deviceUuid });
}
