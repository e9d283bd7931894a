// The answer of a device to a campaign that it was offered. Accepted: the update is assigned, or queued behind one that
// runs. Declined: over for this device. Postponed: it stays offered. An answer to anything else (an unknown campaign, one
// that was not offered to this device, one that is over) is kept among the device's events and changes nothing.
// Source: server-protocol 9.4 step 5; its defect 3
import { CAMPAIGN_DECISIONS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import type { DeviceEventReceived } from '../device-registry/index.ts';
import { assignUpdate } from '../director/index.ts';
import { awaitsConsent, isRunning } from './campaign.ts';
import { changeRow, finishIfOver } from './change-row.ts';
import { correlationIdOf, loadTargets, reasonOf } from './decide-device.ts';
import { findRow, type DeviceRow } from './row-store.ts';
import { findCampaignRow, type CampaignRow } from './store.ts';

export async function onDeviceEvent(
  ctx: Context,
  tx: Transaction,
  event: DeviceEventReceived,
): Promise<void> {
  const { environment, deviceUuid, campaignId, eventType } = event;
  if (campaignId === undefined) return;
  const campaign = await findCampaignRow(tx, { environment, id: campaignId });
  if (campaign === undefined || !isRunning(campaign.status)) return;
  const row = await findRow(tx, { environment, campaignId, deviceUuid });
  if (row === undefined || !awaitsConsent(row.state)) return;
  switch (eventType) {
    case CAMPAIGN_DECISIONS.accept:
      await accept(ctx, tx, campaign, row);
      break;
    case CAMPAIGN_DECISIONS.decline:
      await changeRow(ctx, tx, row, { event: 'declined' });
      break;
    case CAMPAIGN_DECISIONS.postpone:
      await changeRow(ctx, tx, row, { event: 'postponed' });
      break;
    default:
      return;
  }
  await finishIfOver(ctx, tx, campaign);
}

async function accept(ctx: Context, tx: Transaction, campaign: CampaignRow, row: DeviceRow): Promise<void> {
  const answer = await assignUpdate(ctx, tx, {
    environment: row.environment,
    deviceUuid: row.device_uuid,
    correlationId: correlationIdOf(campaign.id),
    targets: await loadTargets(tx, campaign),
  });
  if (typeof answer === 'string') {
    await changeRow(ctx, tx, row, { event: 'assigned' });
    return;
  }
  // It was affected when it was asked; meanwhile something else was installed.
  const { code, description } = reasonOf(answer.notAffected);
  const reason = { code: 'DEVICE_UPDATE_PROCESS_FAILED', description: `${description} (${code})` };
  await changeRow(ctx, tx, row, { event: 'assign_failed', reason });
}
