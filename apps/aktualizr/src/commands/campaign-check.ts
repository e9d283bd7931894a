// `campaign_check`: the campaigns that wait for this device, with all that a person needs to decide. client-features RUN-06.
import type { Campaign } from '@ota-connect/contract/device';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const campaignCheck: Command = async ({ aktualizr, output }) => {
  const campaigns = await aktualizr.campaignCheck();
  if (campaigns.length === 0) output.print('No campaign waits for this device.');
  for (const campaign of campaigns) for (const line of describe(campaign)) output.print(line);
  return EXIT_CODES.ok;
};

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
