// How the update of a device ended, into its row. Source: server-protocol 9.4 step 6
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import type { DeviceUpdateCanceled, DeviceUpdateCompleted } from '../director/index.ts';
import type { RowEvent } from './campaign.ts';
import { changeRow, finishIfOver, type Reason } from './change-row.ts';
import { campaignIdOf } from './decide-device.ts';
import { findRow } from './row-store.ts';

type DeviceUpdate = DeviceUpdateCompleted | DeviceUpdateCanceled;

export async function onDeviceUpdate(ctx: Context, tx: Transaction, event: DeviceUpdate): Promise<void> {
  const campaignId = campaignIdOf(event.correlationId);
  if (campaignId === undefined) return;
  const { environment, deviceUuid } = event;
  const row = await findRow(tx, { environment, campaignId, deviceUuid });
  if (row === undefined) return;
  if (await changeRow(ctx, tx, row, stepOf(event))) {
    await finishIfOver(ctx, tx, { environment, id: campaignId });
  }
}

function stepOf(event: DeviceUpdate): { event: RowEvent; reason?: Reason } {
  if (event.type === 'DeviceUpdateCanceled') return { event: 'cancelled' };
  const { success, code, description } = event.result;
  return { event: success ? 'update_succeeded' : 'update_failed', reason: { code, description } };
}
