// An update becomes the one that runs on its device: the next Targets carry it. Source: server-protocol 4.4
import type { Transaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import type { UpdateAssigned } from './events.ts';
import { markOutdated, type DeviceKey } from './store.ts';

/** Its assignments are `assigned` already. */
export async function beginUpdate(tx: Transaction, key: DeviceKey, correlationId: string): Promise<void> {
  const { environment, uuid: deviceUuid } = key;
  await markOutdated(tx, key, true);
  const assigned: UpdateAssigned = { type: 'UpdateAssigned', environment, deviceUuid, correlationId };
  await publish(tx, assigned);
}
