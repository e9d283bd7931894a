// Every SQL statement about updates, campaigns, their stages and groups. Rows of devices have row-store.ts.
import type { CampaignStatus } from '@ota-connect/contract/user';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { RowTables } from './row-store.ts';

export type UpdateRow = {
  environment: string;
  id: string;
  name: string;
  description: string | null;
  /** JSON of UpdateTarget[], frozen when the update was made. */
  targets: string;
  created_at: number;
};

export type CampaignRow = {
  environment: string;
  id: string;
  name: string;
  update_id: string;
  status: CampaignStatus;
  approval_needed: number;
  description: string | null;
  installation_seconds: number | null;
  preparation_seconds: number | null;
  created_at: number;
  launched_at: number | null;
  finished_at: number | null;
};

export type CampaignGroupRow = {
  environment: string;
  campaign_id: string;
  group_id: string;
  /** Of the stage it belongs to. */
  position: number;
  /** A group by expression: devices may join later. */
  is_open: number;
  /** The last device that got a row, so that reading goes on from there. */
  read_up_to: string | null;
  is_read: number;
};

export type CampaignsTables = RowTables & {
  updates: UpdateRow;
  campaigns: CampaignRow;
  campaign_stages: { environment: string; campaign_id: string; position: number };
  campaign_groups: CampaignGroupRow;
};

export type CampaignKey = { readonly environment: string; readonly id: string };
export type PageRequest = { readonly after?: string | undefined; readonly limit: number };

function withId({ environment, id }: CampaignKey): CampaignKey {
  return { environment, id };
}

/** False when the name is taken. */
export async function insertUpdate(tx: Transaction, row: UpdateRow): Promise<boolean> {
  const inserted = await tx
    .insertInto('updates')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findUpdateRow(db: Queryable, key: CampaignKey): Promise<UpdateRow | undefined> {
  return db
    .selectFrom('updates')
    .selectAll()
    .where((it) => it.and(withId(key)))
    .executeTakeFirst();
}

export async function listUpdateRows(
  db: Queryable,
  environment: string,
  page: PageRequest,
): Promise<UpdateRow[]> {
  const query = db.selectFrom('updates').selectAll().where('environment', '=', environment);
  const paged = page.after === undefined ? query : query.where('id', '>', page.after);
  return paged.orderBy('id').limit(page.limit).execute();
}

/** False when the name is taken. */
export async function insertCampaign(
  tx: Transaction,
  row: CampaignRow,
  groups: readonly CampaignGroupRow[],
): Promise<boolean> {
  const inserted = await tx
    .insertInto('campaigns')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted === undefined) return false;
  const { environment, id: campaign_id } = row;
  for (const position of new Set(groups.map((group) => group.position))) {
    await tx.insertInto('campaign_stages').values({ environment, campaign_id, position }).execute();
  }
  for (const group of groups) await tx.insertInto('campaign_groups').values(group).execute();
  return true;
}

export async function findCampaignRow(db: Queryable, key: CampaignKey): Promise<CampaignRow | undefined> {
  return db
    .selectFrom('campaigns')
    .selectAll()
    .where((it) => it.and(withId(key)))
    .executeTakeFirst();
}

export async function listCampaignRows(
  db: Queryable,
  environment: string,
  page: PageRequest,
): Promise<CampaignRow[]> {
  const query = db.selectFrom('campaigns').selectAll().where('environment', '=', environment);
  const paged = page.after === undefined ? query : query.where('id', '>', page.after);
  return paged.orderBy('id').limit(page.limit).execute();
}

export async function setCampaignStatus(
  tx: Transaction,
  key: CampaignKey,
  change: {
    readonly status: CampaignStatus;
    readonly launchedAt?: number;
    readonly finishedAt: number | null;
  },
): Promise<void> {
  await tx
    .updateTable('campaigns')
    .set({
      status: change.status,
      finished_at: change.finishedAt,
      ...(change.launchedAt === undefined ? {} : { launched_at: change.launchedAt }),
    })
    .where((it) => it.and(withId(key)))
    .execute();
}

export async function listGroupsOf(
  db: Queryable,
  environment: string,
  campaignIds: readonly string[],
): Promise<CampaignGroupRow[]> {
  if (campaignIds.length === 0) return [];
  return db
    .selectFrom('campaign_groups')
    .selectAll()
    .where('environment', '=', environment)
    .where('campaign_id', 'in', campaignIds)
    .orderBy('campaign_id')
    .orderBy('position')
    .orderBy('group_id')
    .execute();
}

export async function saveGroupProgress(
  tx: Transaction,
  row: CampaignGroupRow,
  progress: { readonly readUpTo: string | null; readonly isRead: boolean },
): Promise<void> {
  await tx
    .updateTable('campaign_groups')
    .set({ read_up_to: progress.readUpTo, is_read: progress.isRead ? 1 : 0 })
    .where('environment', '=', row.environment)
    .where('campaign_id', '=', row.campaign_id)
    .where('group_id', '=', row.group_id)
    .execute();
}

/** Launched or finished campaigns that one of these open groups belongs to. */
export async function listOpenCampaigns(
  db: Queryable,
  environment: string,
  groupIds: readonly string[],
): Promise<CampaignRow[]> {
  if (groupIds.length === 0) return [];
  return db
    .selectFrom('campaigns')
    .selectAll('campaigns')
    .distinct()
    .innerJoin('campaign_groups', (join) =>
      join
        .onRef('campaign_groups.environment', '=', 'campaigns.environment')
        .onRef('campaign_groups.campaign_id', '=', 'campaigns.id'),
    )
    .where('campaigns.environment', '=', environment)
    .where('campaigns.status', 'in', ['launched', 'finished'])
    .where('campaign_groups.is_open', '=', 1)
    .where('campaign_groups.group_id', 'in', groupIds)
    .orderBy('campaigns.id')
    .execute();
}
