// `ota campaign show`
import type { Command } from 'commander';
import { connect } from '../api.ts';
import { describeCampaign } from '../campaign.ts';
import { addVerb } from '../command.ts';
import { findCampaign } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addCampaignShow(campaign: Command): void {
  addVerb(campaign, 'show <campaign>', 'Show one campaign', 'ota campaign show spring').action(
    async (text: string, options: OutputOptions) => {
      const found = await findCampaign(connect(), text);
      print(options, found, () => describeCampaign(found));
    },
  );
}
