// The campaigns that wait for this device's consent. client-protocol 3.10.
import type { Campaign } from '@ota-connect/contract/device';
import type { StepContext } from './context.ts';

/** @throws TransportError */
export async function checkCampaigns(context: StepContext): Promise<readonly Campaign[]> {
  const campaigns = await context.gateway.campaigns();
  context.events.emit({ kind: 'CampaignCheckComplete', campaigns });
  return campaigns;
}
