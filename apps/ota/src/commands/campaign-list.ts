// `ota campaign list`
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Campaign } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addCampaignList(campaign: Command): void {
  addVerb(campaign, 'list', 'List campaigns', 'ota campaign list')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (options: Options) => {
      const campaigns = await connect().list<Campaign>(USER_API.campaigns, {}, options.limit);
      print(options, { values: campaigns }, () =>
        table(
          ['NAME', 'STATUS', 'CONSENT', 'GROUPS', 'ID'],
          campaigns.map((each) => [
            each.name,
            each.status,
            each.approvalNeeded ? 'needed' : 'not needed',
            each.groupIds.length,
            each.id,
          ]),
          'No campaigns yet; make one with: ota campaign create --name NAME --update UPDATE --group GROUP',
        ),
      );
    });
}
