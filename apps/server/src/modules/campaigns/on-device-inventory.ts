// A device that comes online later. When its ECUs become known, every running campaign over an expression group that it
// matches reaches it; rows that were rejected because nothing fitting was known are looked at again, and once more when
// its ECUs first say what they run. The rule is stated in campaign.ts.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { groupIdsOfDevice } from '../device-registry/index.ts';
import type { EcuImagesReported, EcusRegistered, NotAffectedCode } from '../director/index.ts';
import { changeCampaign, changeRow, finishIfOver } from './change-row.ts';
import { decideDevice } from './decide-device.ts';
import { findRow, insertRequested, listCampaignsOfDevice } from './row-store.ts';
import { findCampaignRow, listOpenCampaigns, type CampaignRow } from './store.ts';

type Inventory = EcusRegistered | EcuImagesReported;

export async function onDeviceInventory(ctx: Context, tx: Transaction, event: Inventory): Promise<void> {
  for (const { campaign, reasonCode } of await listCampaignsOfDevice(tx, event, ['rejected'])) {
    if (reasonCode !== reconsidered(event)) continue;
    const row = await findRow(tx, { ...event, campaignId: campaign.id });
    if (row === undefined) continue;
    await changeRow(ctx, tx, row, { event: 'reconsidered' });
    await reach(ctx, tx, campaign, event);
  }
  const groupIds = await groupIdsOfDevice(tx, event.environment, event.deviceUuid);
  for (const campaign of await listOpenCampaigns(tx, event.environment, groupIds)) {
    const isNew = await insertRequested(tx, { ...event, campaignId: campaign.id }, ctx.clock.now());
    if (isNew) await reach(ctx, tx, campaign, event);
  }
}

/** Only what was unknown until now counts: a campaign does not follow a device through its later life. */
function reconsidered(event: Inventory): NotAffectedCode | undefined {
  if (event.type === 'EcuImagesReported') return 'not_affected_by_mtu';
  return event.isFirst ? 'device_no_compatible_hardware' : undefined;
}

async function reach(
  ctx: Context,
  tx: Transaction,
  listed: CampaignRow,
  { deviceUuid }: Inventory,
): Promise<void> {
  const { environment, id: campaignId } = listed;
  const campaign = await findCampaignRow(tx, listed);
  const row = await findRow(tx, { environment, campaignId, deviceUuid });
  if (campaign === undefined || row === undefined) return;
  await changeCampaign(ctx, tx, campaign, 'device_joined');
  await decideDevice(ctx, tx, campaign, row);
  await finishIfOver(ctx, tx, campaign);
}
