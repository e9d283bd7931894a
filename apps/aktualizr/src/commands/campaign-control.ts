// `campaign_accept`, `campaign_decline`, `campaign_postpone`: this device's answer to one campaign. client-features RUN-07
// to RUN-09; an id that is not offered is refused, which the original does not do.
import type { CampaignDecision } from '@ota-connect/contract/device';
import { EXIT_CODES, UsageError } from '../exit-codes.ts';
import { describeError } from '../outcome.ts';
import type { Command } from './context.ts';

const DONE = { accept: 'accepted', decline: 'declined', postpone: 'postponed' } as const;

export const campaignAccept = answer('accept');
export const campaignDecline = answer('decline');
export const campaignPostpone = answer('postpone');

function answer(decision: CampaignDecision): Command {
  return async ({ aktualizr, output, campaignId, signal }) => {
    if (campaignId === undefined)
      throw new UsageError(`campaign_${decision} needs --campaign-id; campaign_check lists the ids.`);
    const result = await aktualizr.campaignControl(campaignId, decision, { signal });
    if (result.kind === 'no_such_campaign') {
      const offered = result.offered.map(({ id }) => id);
      output.log(
        'error',
        `No campaign ${campaignId} waits for this device; ${offered.length === 0 ? 'none does' : `waiting: ${offered.join(', ')}`}.`,
      );
      return { outcome: 'no_such_campaign', exitCode: EXIT_CODES.noSuchCampaign, campaignId, offered };
    }
    if (result.kind === 'sent') output.print(`Campaign ${campaignId} ${DONE[decision]}.`);
    else {
      const why = result.error === undefined ? '' : ` ${result.error.message}`;
      output.print(
        `Campaign ${campaignId} ${DONE[decision]}; the answer is stored and goes to the server with the next command.${why}`,
      );
    }
    const error = result.kind === 'queued' ? result.error : undefined;
    return {
      outcome: result.kind,
      exitCode: EXIT_CODES.ok,
      campaignId,
      decision: DONE[decision],
      ...(error === undefined ? {} : { error: describeError(error) }),
    };
  };
}
