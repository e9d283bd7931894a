// A device that is deleted takes part in nothing any more: its rows that have not ended are cancelled.
import { DEVICE_IN_CAMPAIGN_STATES } from '@ota-connect/contract/user';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import type { DeviceDeleted } from '../device-registry/index.ts';
import { hasEnded } from './campaign.ts';
import { changeRow, finishIfOver } from './change-row.ts';
import { listRowsOfDevice } from './row-store.ts';

const OPEN = DEVICE_IN_CAMPAIGN_STATES.filter((state) => !hasEnded(state));
const DELETED = { code: 'OPERATION_CANCELLED', description: 'The device was deleted' };

export async function onDeviceDeleted(ctx: Context, tx: Transaction, event: DeviceDeleted): Promise<void> {
  for (const row of await listRowsOfDevice(tx, event, OPEN)) {
    await changeRow(ctx, tx, row, { event: 'cancelled', reason: DELETED });
    await finishIfOver(ctx, tx, { environment: row.environment, id: row.campaign_id });
  }
}
