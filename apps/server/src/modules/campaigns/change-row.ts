// The one place where a device in a campaign, or a campaign itself, changes its state: the tables of campaign.ts decide.
// After each change the campaign is asked whether it is over.
import type { CampaignStatus } from '@ota-connect/contract/user';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { nextCampaignStatus, nextRowState, type CampaignEvent, type RowEvent } from './campaign.ts';
import { isFinished } from './progress.ts';
import { countsOf, saveRowState, type DeviceRow } from './row-store.ts';
import {
  findCampaignRow,
  listGroupsOf,
  setCampaignStatus,
  type CampaignKey,
  type CampaignRow,
} from './store.ts';

export type Reason = { readonly code: string; readonly description: string };

/** True when the state is another one now. Throws BugError for a pair that is not in the table. */
export async function changeRow(
  ctx: Context,
  tx: Transaction,
  row: DeviceRow,
  step: { readonly event: RowEvent; readonly reason?: Reason },
): Promise<boolean> {
  const state = nextRowState(row.state, step.event);
  if (state === undefined)
    throw new BugError(`A device that is ${row.state} in a campaign cannot take ${step.event}.`);
  if (state === row.state) return false;
  const { reason } = step;
  await saveRowState(tx, row, { state, now: ctx.clock.now(), ...(reason === undefined ? {} : { reason }) });
  return true;
}

/** The status after the event. Throws BugError for a pair that is not in the table. */
export async function changeCampaign(
  ctx: Context,
  tx: Transaction,
  campaign: CampaignRow,
  event: CampaignEvent,
): Promise<CampaignStatus> {
  const status = nextCampaignStatus(campaign.status, event);
  if (status === undefined) throw new BugError(`A campaign that is ${campaign.status} cannot take ${event}.`);
  if (status === campaign.status) return status;
  const now = ctx.clock.now();
  await setCampaignStatus(tx, campaign, {
    status,
    finishedAt: status === 'finished' ? now : null,
    ...(event === 'launch' ? { launchedAt: now } : {}),
  });
  return status;
}

/** Ends the campaign when nothing of it waits any more. */
export async function finishIfOver(ctx: Context, tx: Transaction, key: CampaignKey): Promise<void> {
  const campaign = await findCampaignRow(tx, key);
  if (campaign === undefined || campaign.status === 'prepared') return;
  const groups = await listGroupsOf(tx, key.environment, [key.id]);
  const extent = {
    groupsRead: groups.every((group) => group.is_read === 1),
    isOpen: groups.some((group) => group.is_open === 1),
  };
  if (isFinished(await countsOf(tx, key), extent)) await changeCampaign(ctx, tx, campaign, 'all_rows_ended');
}
