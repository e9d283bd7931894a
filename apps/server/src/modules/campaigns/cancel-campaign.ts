// Ends a campaign at once: nobody is asked or assigned any more. What devices have not fetched is taken back; what they
// have goes on and still reports into its row. A large campaign is taken back in batches, the first of them at once.
// Source: server-protocol 4.8, 9.4 step 8
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { enqueueJob, type Job } from '../../platform/jobs/queue.ts';
import { cancelAssignments } from '../director/index.ts';
import { mayCancel } from './campaign.ts';
import { changeCampaign, changeRow } from './change-row.ts';
import { correlationIdOf } from './decide-device.ts';
import { requireCampaign } from './launch-campaign.ts';
import { listRows, type DeviceRow } from './row-store.ts';
import { listGroupsOf, type CampaignKey } from './store.ts';

export const CANCEL = 'campaigns/cancel';

const BATCH = 200;
const CANCELLED = { code: 'OPERATION_CANCELLED', description: 'The campaign was cancelled' };

/** Throws RequestError `missing_entity`, `campaign_already_finished`. */
export async function cancelCampaign(ctx: Context, key: CampaignKey): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    const campaign = await requireCampaign(tx, key);
    const groups = await listGroupsOf(tx, key.environment, [key.id]);
    const isOpen = groups.some((group) => group.is_open === 1);
    if (!mayCancel(campaign.status, isOpen)) {
      throw new RequestError('campaign_already_finished', `The campaign is ${campaign.status} already.`);
    }
    await changeCampaign(ctx, tx, campaign, 'cancel');
    await takeBack(ctx, tx, key, undefined);
  });
}

export async function cancelBatch(ctx: Context, job: Job): Promise<void> {
  const { campaignId, after } = job.payload as { readonly campaignId: string; readonly after: string };
  const key = { environment: job.environment, id: campaignId };
  await inTransaction(ctx.db, (tx) => takeBack(ctx, tx, key, after));
}

async function takeBack(
  ctx: Context,
  tx: Transaction,
  key: CampaignKey,
  after: string | undefined,
): Promise<void> {
  const rows = await listRows(tx, key, {
    states: ['requested', 'scheduled', 'postponed', 'accepted'],
    after,
    limit: BATCH,
  });
  for (const row of rows) {
    if (await isTakenBack(ctx, tx, row))
      await changeRow(ctx, tx, row, { event: 'cancelled', reason: CANCELLED });
  }
  const last = rows.length === BATCH ? rows.at(-1) : undefined;
  if (last === undefined) return;
  const payload = { campaignId: key.id, after: last.device_uuid };
  await enqueueJob(tx, { environment: key.environment, kind: CANCEL, payload });
}

async function isTakenBack(ctx: Context, tx: Transaction, row: DeviceRow): Promise<boolean> {
  if (row.state !== 'accepted') return true;
  const { environment, device_uuid: deviceUuid } = row;
  const correlationId = correlationIdOf(row.campaign_id);
  return (await cancelAssignments(ctx, tx, { environment, deviceUuid, correlationId })) === 'cancelled';
}
