// How far a campaign is: its numbers, read from counts that are kept as rows change, and its devices one by one.
import type { CampaignDevice, CampaignStats } from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Queryable } from '../../platform/db/database.ts';
import { deviceIdsOf } from '../device-registry/index.ts';
import { progressOf } from './progress.ts';
import { countsOf, failuresOf, listRows } from './row-store.ts';
import type { CampaignRow, PageRequest } from './store.ts';

export async function campaignStats(db: Queryable, campaign: CampaignRow): Promise<CampaignStats> {
  return {
    campaignId: campaign.id,
    status: campaign.status,
    ...progressOf(await countsOf(db, campaign)),
    failures: await failuresOf(db, campaign),
  };
}

export async function campaignDevices(
  db: Queryable,
  campaign: CampaignRow,
  page: PageRequest,
): Promise<CampaignDevice[]> {
  const rows = await listRows(db, campaign, page);
  const uuids = rows.map((row) => row.device_uuid);
  const deviceIds = await deviceIdsOf(db, campaign.environment, uuids);
  return rows.map((row) => ({
    deviceUuid: row.device_uuid,
    deviceId: deviceIds.get(row.device_uuid) ?? '',
    state: row.state,
    ...(row.reason_code === null
      ? {}
      : { reason: { code: row.reason_code, description: row.reason_description ?? '' } }),
    updatedAt: isoSeconds(row.updated_at),
  }));
}
