// GET /campaigner/campaigns: what waits for the consent of this device, in the order of creation. The document is ASCII,
// other characters escaped, for every client's sake. Source: client-protocol 3.10; server-protocol 9.7
import { DEVICE_PATHS, encodeCampaigns, type Campaign } from '@ota-connect/contract/device';
import { canonicalText, type JsonObject } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import type { UpdateTarget } from '../director/index.ts';
import { loadTargets } from './decide-device.ts';
import { listCampaignsOfDevice } from './row-store.ts';
import type { CampaignRow } from './store.ts';

export function deviceRoutes(app: App, ctx: Context): void {
  app.get(DEVICE_PATHS.campaigns, async (request, reply) => {
    const { environment, uuid: deviceUuid } = request.device;
    const offered = await listCampaignsOfDevice(ctx.db, { environment, deviceUuid }, [
      'scheduled',
      'postponed',
    ]);
    const campaigns: Campaign[] = [];
    for (const { campaign } of offered) {
      const targets = await loadTargets(ctx.db, campaign);
      campaigns.push(toCampaign(campaign, targets));
    }
    const body = { deviceId: deviceUuid, ...encodeCampaigns(campaigns) };
    return reply.type('application/json').send(canonicalText(body as unknown as JsonObject));
  });
}

/** Rows that wait for consent belong to campaigns that ask for it. */
function toCampaign(row: CampaignRow, targets: readonly UpdateTarget[]): Campaign {
  return {
    id: row.id,
    name: row.name,
    sizeBytes: targets.reduce((sum, target) => sum + target.to.lengthBytes, 0),
    autoAccept: false,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.installation_seconds === null ? {} : { estimatedInstallationSeconds: row.installation_seconds }),
    ...(row.preparation_seconds === null ? {} : { estimatedPreparationSeconds: row.preparation_seconds }),
  };
}
