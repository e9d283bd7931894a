// The launch: from here on devices are looked at, in the background. Only a launch writes the job that does it, so a
// restart can never launch what was merely prepared (defect 4 of the original). Source: server-protocol 9.4
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { enqueueJob } from '../../platform/jobs/queue.ts';
import { mayLaunch } from './campaign.ts';
import { changeCampaign } from './change-row.ts';
import { SCHEDULE } from './schedule-batch.ts';
import { findCampaignRow, type CampaignKey, type CampaignRow } from './store.ts';

/** Throws RequestError `missing_entity`, `campaign_already_launched`. */
export async function launchCampaign(ctx: Context, key: CampaignKey): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    const campaign = await requireCampaign(tx, key);
    if (!mayLaunch(campaign.status)) {
      throw new RequestError('campaign_already_launched', `The campaign is ${campaign.status} already.`);
    }
    await changeCampaign(ctx, tx, campaign, 'launch');
    await enqueueJob(tx, { environment: key.environment, kind: SCHEDULE, payload: { campaignId: key.id } });
  });
}

/** Throws RequestError `missing_entity`. */
export async function requireCampaign(db: Queryable, key: CampaignKey): Promise<CampaignRow> {
  const campaign = await findCampaignRow(db, key);
  if (campaign === undefined) throw new RequestError('missing_entity', `There is no campaign ${key.id}.`);
  return campaign;
}
