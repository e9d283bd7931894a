// `ota campaign launch`
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Campaign } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findCampaign } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addCampaignLaunch(campaign: Command): void {
  addVerb(campaign, 'launch <campaign>', 'Start a campaign', 'ota campaign launch spring').action(
    async (text: string, options: OutputOptions) => {
      const api = connect();
      const { id } = await findCampaign(api, text);
      await api.order(`${USER_API.campaigns}/${id}/launch`);
      const launched = await api.get<Campaign>(`${USER_API.campaigns}/${id}`);
      print(
        options,
        launched,
        () => `Campaign ${launched.name} is ${launched.status}. Watch it with: ota campaign stats ${id}`,
      );
    },
  );
}
