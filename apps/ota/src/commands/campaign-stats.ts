// `ota campaign stats`: how far a campaign is, in numbers of devices.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { CampaignStats } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findCampaign } from '../lookup.ts';
import { type OutputOptions, details, print, table } from '../output.ts';

export function addCampaignStats(campaign: Command): void {
  const example = 'ota campaign stats spring';
  addVerb(campaign, 'stats <campaign>', 'Show how far a campaign is', example).action(
    async (text: string, options: OutputOptions) => {
      const api = connect();
      const { id, name } = await findCampaign(api, text);
      const stats = await api.get<CampaignStats>(`${USER_API.campaigns}/${id}/stats`);
      print(options, stats, () => describeStats(name, stats));
    },
  );
}

function describeStats(name: string, stats: CampaignStats): string {
  const numbers = details([
    ['Campaign', name],
    ['Status', stats.status],
    ['Devices looked at', stats.processed],
    ['Affected', stats.affected],
    ['Not applicable', stats.rejected],
    ['Waiting for consent', stats.scheduled],
    ['Accepted', stats.accepted],
    ['Declined', stats.declined],
    ['Postponed', stats.postponed],
    ['Successful', stats.successful],
    ['Failed', stats.failed],
    ['Cancelled', stats.cancelled],
  ]);
  if (stats.failures.length === 0) return numbers;
  const failures = stats.failures.map((each) => [each.code, each.count]);
  return `${numbers}\n\n${table(['FAILURE', 'DEVICES'], failures, '')}`;
}
