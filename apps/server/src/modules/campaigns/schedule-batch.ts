// Reaches the devices of a launched campaign in batches. Each batch is a job of its own that writes the next one, each
// device has its own transaction: a kill loses nothing, a repetition changes nothing, and a device that cannot be decided
// stops no other (defect 7 of the original); it is tried again and in the end failed by itself.
// Source: server-protocol 9.4
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { enqueueJob, type Job } from '../../platform/jobs/queue.ts';
import { devicesOfGroup } from '../device-registry/index.ts';
import { isRunning } from './campaign.ts';
import { changeRow, finishIfOver } from './change-row.ts';
import { decideDevice } from './decide-device.ts';
import { countAttempt, findRow, insertRequested, listRows, type DeviceRow } from './row-store.ts';
import {
  findCampaignRow,
  listGroupsOf,
  saveGroupProgress,
  type CampaignKey,
  type CampaignRow,
} from './store.ts';

export const SCHEDULE = 'campaigns/schedule';

const BATCH = 200;
const MAX_ATTEMPTS = 3;
const RETRY_MS = 2_000;
const ASSIGN_FAILED = {
  code: 'ASSIGN_UPDATE_FAILED',
  description: 'The server could not decide about this device',
};

export async function scheduleBatch(ctx: Context, job: Job): Promise<void> {
  const { campaignId } = job.payload as { readonly campaignId: string };
  const key: CampaignKey = { environment: job.environment, id: campaignId };
  const campaign = await inTransaction(ctx.db, (tx) => readGroup(ctx, tx, key));
  if (campaign === undefined) return;
  const rows = await listRows(ctx.db, key, { states: ['requested'], limit: BATCH });
  let failures = 0;
  for (const row of rows) if (!(await decide(ctx, campaign, row))) failures += 1;
  await inTransaction(ctx.db, async (tx) => {
    await finishIfOver(ctx, tx, key);
    if (!(await hasMore(tx, key))) return;
    const onlyFailures = failures > 0 && failures === rows.length;
    const runAt = onlyFailures ? { runAt: ctx.clock.now() + RETRY_MS } : {};
    await enqueueJob(tx, { environment: key.environment, kind: SCHEDULE, payload: { campaignId }, ...runAt });
  });
}

/** Gives the next devices of a group their rows. Undefined: the campaign does not run. */
async function readGroup(ctx: Context, tx: Transaction, key: CampaignKey): Promise<CampaignRow | undefined> {
  const campaign = await findCampaignRow(tx, key);
  if (campaign === undefined || !isRunning(campaign.status)) return undefined;
  const group = (await listGroupsOf(tx, key.environment, [key.id])).find((one) => one.is_read === 0);
  if (group === undefined) return campaign;
  const page = { groupId: group.group_id, after: group.read_up_to ?? undefined, limit: BATCH };
  const uuids = await devicesOfGroup(tx, key.environment, page);
  for (const deviceUuid of uuids) {
    await insertRequested(
      tx,
      { environment: key.environment, campaignId: key.id, deviceUuid },
      ctx.clock.now(),
    );
  }
  const readUpTo = uuids.at(-1) ?? group.read_up_to;
  await saveGroupProgress(tx, group, { readUpTo, isRead: uuids.length < BATCH });
  return campaign;
}

/** False when it failed and is to be tried again. */
async function decide(ctx: Context, campaign: CampaignRow, listed: DeviceRow): Promise<boolean> {
  const rowKey = {
    environment: campaign.environment,
    campaignId: campaign.id,
    deviceUuid: listed.device_uuid,
  };
  try {
    await inTransaction(ctx.db, async (tx) => {
      const now = await findCampaignRow(tx, campaign);
      const row = await findRow(tx, rowKey);
      if (now === undefined || !isRunning(now.status) || row?.state !== 'requested') return;
      await decideDevice(ctx, tx, now, row);
    });
    return true;
  } catch (error) {
    const isLast = listed.attempts + 1 >= MAX_ATTEMPTS;
    ctx.log.error(
      { err: error, campaign: campaign.id, device: listed.device_uuid, isLast },
      'No decision on a device',
    );
    await inTransaction(ctx.db, async (tx) => {
      await countAttempt(tx, listed);
      if (isLast) await changeRow(ctx, tx, listed, { event: 'assign_failed', reason: ASSIGN_FAILED });
    });
    return isLast;
  }
}

async function hasMore(tx: Transaction, key: CampaignKey): Promise<boolean> {
  const groups = await listGroupsOf(tx, key.environment, [key.id]);
  if (groups.some((group) => group.is_read === 0)) return true;
  return (await listRows(tx, key, { states: ['requested'], limit: 1 })).length > 0;
}
