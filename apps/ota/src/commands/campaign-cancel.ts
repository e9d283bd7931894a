// `ota campaign cancel`: devices that have not picked the update up will not get it; the others finish.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Campaign } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findCampaign } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addCampaignCancel(campaign: Command): void {
  addVerb(campaign, 'cancel <campaign>', 'Stop a campaign', 'ota campaign cancel spring').action(
    async (text: string, options: OutputOptions) => {
      const api = connect();
      const { id } = await findCampaign(api, text);
      await api.order(`${USER_API.campaigns}/${id}/cancel`);
      const cancelled = await api.get<Campaign>(`${USER_API.campaigns}/${id}`);
      print(options, cancelled, () => `Campaign ${cancelled.name} is ${cancelled.status}.`);
    },
  );
}
