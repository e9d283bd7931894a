// A campaign as a plan: the update, the groups, whether devices are asked. Nothing reaches a device before the launch.
// Source: server-protocol 9.2
import type { Campaign, CreateCampaign } from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { findGroup } from '../device-registry/index.ts';
import { findUpdateRow, insertCampaign, type CampaignGroupRow, type CampaignRow } from './store.ts';

/** Throws RequestError `missing_update_source`, `missing_entity`, `campaign_without_devices`, `campaign_already_exists`. */
export async function createCampaign(
  ctx: Context,
  environment: string,
  wanted: CreateCampaign,
): Promise<Campaign> {
  const id = newId(ctx.clock.now());
  return inTransaction(ctx.db, async (tx) => {
    if ((await findUpdateRow(tx, { environment, id: wanted.updateId })) === undefined) {
      throw new RequestError('missing_update_source', `There is no update ${wanted.updateId}.`);
    }
    const groups: CampaignGroupRow[] = [];
    let mayHaveDevices = false;
    for (const groupId of new Set(wanted.groupIds)) {
      const group = await findGroup(tx, environment, groupId);
      mayHaveDevices ||= group.kind === 'expression' || group.device_count > 0;
      groups.push({
        environment,
        campaign_id: id,
        group_id: groupId,
        position: 0,
        is_open: group.kind === 'expression' ? 1 : 0,
        read_up_to: null,
        is_read: 0,
      });
    }
    if (!mayHaveDevices)
      throw new RequestError('campaign_without_devices', 'None of the groups has a device.');
    const row = rowOf(wanted, { environment, id, now: ctx.clock.now() });
    if (!(await insertCampaign(tx, row, groups))) {
      throw new RequestError(
        'campaign_already_exists',
        `There is a campaign named "${wanted.name}" already.`,
      );
    }
    return toCampaign(row, groups);
  });
}

export function toCampaign(row: CampaignRow, groups: readonly CampaignGroupRow[]): Campaign {
  const stages = Map.groupBy(groups, (group) => group.position);
  return {
    id: row.id,
    name: row.name,
    updateId: row.update_id,
    status: row.status,
    approvalNeeded: row.approval_needed === 1,
    groupIds: groups.map((group) => group.group_id),
    stages: [...stages].map(([position, members]) => ({
      position,
      groupIds: members.map((group) => group.group_id),
    })),
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.installation_seconds === null ? {} : { estimatedInstallationSeconds: row.installation_seconds }),
    ...(row.preparation_seconds === null ? {} : { estimatedPreparationSeconds: row.preparation_seconds }),
    createdAt: isoSeconds(row.created_at),
    ...(row.launched_at === null ? {} : { launchedAt: isoSeconds(row.launched_at) }),
    ...(row.finished_at === null ? {} : { finishedAt: isoSeconds(row.finished_at) }),
  };
}

function rowOf(
  wanted: CreateCampaign,
  made: { readonly environment: string; readonly id: string; readonly now: number },
): CampaignRow {
  return {
    environment: made.environment,
    id: made.id,
    name: wanted.name,
    update_id: wanted.updateId,
    status: 'prepared',
    approval_needed: wanted.approvalNeeded === true ? 1 : 0,
    description: wanted.description ?? null,
    installation_seconds: wanted.estimatedInstallationSeconds ?? null,
    preparation_seconds: wanted.estimatedPreparationSeconds ?? null,
    created_at: made.now,
    launched_at: null,
    finished_at: null,
  };
}
