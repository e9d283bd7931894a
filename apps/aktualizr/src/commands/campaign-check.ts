// `campaign_check`: the campaigns that wait for this device, with all that a person needs to decide. client-features RUN-06.
import type { Campaign } from '@ota-connect/contract/device';
import type { JsonObject } from '@ota-connect/uptane';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const campaignCheck: Command = async ({ aktualizr, output, signal }) => {
  const campaigns = await aktualizr.campaignCheck({ signal });
  if (campaigns.length === 0) output.print('No campaign waits for this device.');
  for (const campaign of campaigns) for (const line of describe(campaign)) output.print(line);
  return {
    outcome: campaigns.length === 0 ? 'no_campaigns' : 'campaigns',
    exitCode: EXIT_CODES.ok,
    campaigns: campaigns.map(asJson),
  };
};

function asJson(campaign: Campaign): JsonObject {
  return Object.fromEntries(Object.entries(campaign).filter(([, value]) => value !== undefined));
}

function describe(campaign: Campaign): readonly string[] {
  const seconds = (value: number | undefined) => (value === undefined ? 'not estimated' : `about ${value} s`);
  return [
    `Campaign ${oneLine(campaign.name)}`,
    `  id:            ${oneLine(campaign.id)}`,
    `  size:          ${campaign.sizeBytes} bytes`,
    `  consent:       ${campaign.autoAccept ? 'not needed' : 'needed'}`,
    `  description:   ${oneLine(campaign.description ?? 'none')}`,
    `  preparation:   ${seconds(campaign.estimatedPreparationSeconds)}`,
    `  installation:  ${seconds(campaign.estimatedInstallationSeconds)}`,
  ];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
