// The answer to a campaign, as an event for the server, which decides what to publish afterwards. An id that is not
// offered is refused here; when the server cannot be asked, the answer is queued and the server judges it.
// client-protocol 3.10, 5.4.
import { CAMPAIGN_DECISIONS, type Campaign, type CampaignDecision } from '@ota-connect/contract/device';
import { TransportError } from '../errors.ts';
import type { CampaignControlResult } from '../results.ts';
import { checkCampaigns } from './check-campaigns.ts';
import type { StepContext } from './context.ts';

const COMPLETED = {
  accept: 'CampaignAcceptComplete',
  decline: 'CampaignDeclineComplete',
  postpone: 'CampaignPostponeComplete',
} as const satisfies Record<CampaignDecision, string>;

export async function campaignControl(
  context: StepContext,
  campaignId: string,
  decision: CampaignDecision,
): Promise<CampaignControlResult> {
  const campaigns = await offered(context);
  const campaign =
    campaigns instanceof TransportError ? undefined : campaigns.find(({ id }) => id === campaignId);
  if (!(campaigns instanceof TransportError) && campaign === undefined) {
    return { kind: 'no_such_campaign', campaignId, offered: campaigns };
  }
  context.reports.enqueue(CAMPAIGN_DECISIONS[decision], { campaignId });
  const outcome = await context.reports.flush();
  context.events.emit({ kind: COMPLETED[decision] });
  if (campaigns instanceof TransportError) return { kind: 'queued', campaignId, error: campaigns };
  return outcome === 'empty' ? { kind: 'sent', campaignId } : { kind: 'queued', campaignId };
}

/** A server that answers with a refusal has been reached: that is an error for the caller, not a reason to queue. */
async function offered(context: StepContext): Promise<readonly Campaign[] | TransportError> {
  try {
    return await checkCampaigns(context);
  } catch (error) {
    if (error instanceof TransportError && ['unreachable', 'too_slow', 'truncated'].includes(error.code))
      return error;
    throw error;
  }
}
