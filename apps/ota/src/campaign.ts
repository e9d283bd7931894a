// One campaign as lines for a person.
import type { Campaign } from '@ota-connect/contract/user';
import { type Cell, details } from './output.ts';

export function describeCampaign(campaign: Campaign): string {
  return details([
    ['Name', campaign.name],
    ['Id', campaign.id],
    ['Status', campaign.status],
    ['Update', campaign.updateId],
    ['Groups', campaign.groupIds.join(', ')],
    ['Consent of the device needed', campaign.approvalNeeded],
    ['Description', campaign.description],
    ['Estimated installation', seconds(campaign.estimatedInstallationSeconds)],
    ['Estimated preparation', seconds(campaign.estimatedPreparationSeconds)],
    ['Created', campaign.createdAt],
    ['Launched', campaign.launchedAt],
    ['Finished', campaign.finishedAt],
  ]);
}

function seconds(value: number | undefined): Cell {
  return value === undefined ? undefined : `${value} s`;
}
