// Every SQL statement about devices in campaigns, and about the counts that follow them.
import type { DeviceInCampaignState } from '@ota-connect/contract/user';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import { MISSING_ERROR_CODE, type StateCounts } from './progress.ts';
import type { CampaignKey, CampaignRow, PageRequest } from './store.ts';

export type DeviceRow = {
  environment: string;
  campaign_id: string;
  device_uuid: string;
  state: DeviceInCampaignState;
  reason_code: string | null;
  reason_description: string | null;
  /** How often deciding about this device has failed. */
  attempts: number;
  updated_at: number;
};

export type RowTables = {
  campaign_devices: DeviceRow;
  campaign_counts: {
    environment: string;
    campaign_id: string;
    state: DeviceInCampaignState;
    count: number;
  };
  campaign_failures: { environment: string; campaign_id: string; code: string; count: number };
};

export type RowKey = {
  readonly environment: string;
  readonly campaignId: string;
  readonly deviceUuid: string;
};

function keyOf(row: DeviceRow): RowKey {
  return { environment: row.environment, campaignId: row.campaign_id, deviceUuid: row.device_uuid };
}

function ofDevice({ environment, campaignId: campaign_id, deviceUuid: device_uuid }: RowKey) {
  return { environment, campaign_id, device_uuid };
}

function ofCampaign({ environment, id: campaign_id }: CampaignKey) {
  return { environment, campaign_id };
}

/** False when the device has a row already. */
export async function insertRequested(tx: Transaction, key: RowKey, now: number): Promise<boolean> {
  const inserted = await tx
    .insertInto('campaign_devices')
    .values({
      ...ofDevice(key),
      state: 'requested',
      reason_code: null,
      reason_description: null,
      attempts: 0,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('device_uuid')
    .executeTakeFirst();
  if (inserted === undefined) return false;
  await count(tx, key, { state: 'requested', by: 1 });
  return true;
}

export async function findRow(db: Queryable, key: RowKey): Promise<DeviceRow | undefined> {
  return db
    .selectFrom('campaign_devices')
    .selectAll()
    .where((it) => it.and(ofDevice(key)))
    .executeTakeFirst();
}

export type RowChange = {
  readonly state: DeviceInCampaignState;
  readonly reason?: { readonly code: string; readonly description: string };
  readonly now: number;
};

/** The row and the counts that it is part of. */
export async function saveRowState(tx: Transaction, row: DeviceRow, change: RowChange): Promise<void> {
  const key = keyOf(row);
  await tx
    .updateTable('campaign_devices')
    .set({
      state: change.state,
      reason_code: change.reason?.code ?? null,
      reason_description: change.reason?.description ?? null,
      updated_at: change.now,
    })
    .where((it) => it.and(ofDevice(key)))
    .execute();
  await count(tx, key, { state: row.state, by: -1 });
  await count(tx, key, { state: change.state, by: 1 });
  if (change.state === 'failed') await countFailure(tx, key, change.reason?.code ?? '');
}

/** The rows of a device in all campaigns, in these states. */
export async function listRowsOfDevice(
  db: Queryable,
  device: { readonly environment: string; readonly deviceUuid: string },
  states: readonly DeviceInCampaignState[],
): Promise<DeviceRow[]> {
  return db
    .selectFrom('campaign_devices')
    .selectAll()
    .where('environment', '=', device.environment)
    .where('device_uuid', '=', device.deviceUuid)
    .where('state', 'in', states)
    .orderBy('campaign_id')
    .execute();
}

export async function countAttempt(tx: Transaction, row: DeviceRow): Promise<void> {
  await tx
    .updateTable('campaign_devices')
    .set({ attempts: row.attempts + 1 })
    .where((it) => it.and(ofDevice(keyOf(row))))
    .execute();
}

export async function listRows(
  db: Queryable,
  campaign: CampaignKey,
  filter: PageRequest & { readonly states?: readonly DeviceInCampaignState[] },
): Promise<DeviceRow[]> {
  let query = db
    .selectFrom('campaign_devices')
    .selectAll()
    .where((it) => it.and(ofCampaign(campaign)))
    .orderBy('device_uuid')
    .limit(filter.limit);
  if (filter.states !== undefined) query = query.where('state', 'in', filter.states);
  if (filter.after !== undefined) query = query.where('device_uuid', '>', filter.after);
  return query.execute();
}

export type DeviceCampaign = { readonly campaign: CampaignRow; readonly reasonCode: string | null };

/** Campaigns in which the device is in one of these states, oldest first. */
export async function listCampaignsOfDevice(
  db: Queryable,
  device: { readonly environment: string; readonly deviceUuid: string },
  states: readonly DeviceInCampaignState[],
): Promise<DeviceCampaign[]> {
  const rows = await db
    .selectFrom('campaign_devices')
    .innerJoin('campaigns', (join) =>
      join
        .onRef('campaigns.environment', '=', 'campaign_devices.environment')
        .onRef('campaigns.id', '=', 'campaign_devices.campaign_id'),
    )
    .selectAll('campaigns')
    .select('campaign_devices.reason_code')
    .where('campaign_devices.environment', '=', device.environment)
    .where('campaign_devices.device_uuid', '=', device.deviceUuid)
    .where('campaign_devices.state', 'in', states)
    .where('campaigns.status', 'in', ['launched', 'finished'])
    .orderBy('campaigns.id')
    .execute();
  return rows.map(({ reason_code, ...campaign }) => ({ campaign, reasonCode: reason_code }));
}

export async function countsOf(db: Queryable, campaign: CampaignKey): Promise<StateCounts> {
  const rows = await db
    .selectFrom('campaign_counts')
    .select(['state', 'count'])
    .where((it) => it.and(ofCampaign(campaign)))
    .execute();
  return new Map(rows.map((row) => [row.state, row.count]));
}

/** Most frequent first. */
export async function failuresOf(
  db: Queryable,
  campaign: CampaignKey,
): Promise<{ code: string; count: number }[]> {
  return db
    .selectFrom('campaign_failures')
    .select(['code', 'count'])
    .where((it) => it.and(ofCampaign(campaign)))
    .orderBy('count', 'desc')
    .orderBy('code')
    .execute();
}

type CountKey = { readonly environment: string; readonly campaignId: string };

async function count(
  tx: Transaction,
  key: CountKey,
  change: { readonly state: DeviceInCampaignState; readonly by: number },
): Promise<void> {
  const { environment, campaignId: campaign_id } = key;
  await tx
    .insertInto('campaign_counts')
    .values({ environment, campaign_id, state: change.state, count: change.by })
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'campaign_id', 'state'])
        .doUpdateSet((eb) => ({ count: eb('campaign_counts.count', '+', change.by) })),
    )
    .execute();
}

async function countFailure(tx: Transaction, key: CountKey, code: string): Promise<void> {
  const { environment, campaignId: campaign_id } = key;
  await tx
    .insertInto('campaign_failures')
    .values({ environment, campaign_id, code: code === '' ? MISSING_ERROR_CODE : code, count: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'campaign_id', 'code'])
        .doUpdateSet((eb) => ({ count: eb('campaign_failures.count', '+', 1) })),
    )
    .execute();
}
