// What happens to one device that a campaign reaches: the Director is asked whether the update concerns it; then it gets
// the update, or is asked for its consent, or is left out. Source: server-protocol 9.4 step 3
import type { Context } from '../../platform/context.ts';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { assignUpdate, dryRunUpdate, type NotAffectedCode, type UpdateTarget } from '../director/index.ts';
import { changeRow, type Reason } from './change-row.ts';
import { targetsOf } from './create-update.ts';
import type { DeviceRow } from './row-store.ts';
import { findUpdateRow, type CampaignRow } from './store.ts';

const REASONS: Readonly<Record<NotAffectedCode, string>> = {
  device_no_compatible_hardware: 'No ECU of the device has a hardware id of the update',
  installed_target_is_update: 'The device has this software already',
  not_affected_by_mtu: 'The device runs other software than the update starts from',
  targets_too_large: 'The update names more ECUs than one Targets document holds',
};

export function correlationIdOf(campaignId: string): string {
  return `urn:here-ota:campaign:${campaignId}`;
}

/** Undefined: the update of something else. */
export function campaignIdOf(correlationId: string): string | undefined {
  return /^urn:here-ota:campaign:(.+)$/.exec(correlationId)?.[1];
}

/** `row` is requested. */
export async function decideDevice(
  ctx: Context,
  tx: Transaction,
  campaign: CampaignRow,
  row: DeviceRow,
): Promise<void> {
  const { environment } = campaign;
  const targets = await loadTargets(tx, campaign);
  const update = { environment, deviceUuid: row.device_uuid, targets };
  const isAsked = campaign.approval_needed === 1;
  const answer = isAsked
    ? await dryRunUpdate(tx, update)
    : await assignUpdate(ctx, tx, { ...update, correlationId: correlationIdOf(campaign.id) });
  if (typeof answer === 'object') {
    await changeRow(ctx, tx, row, { event: 'not_affected', reason: reasonOf(answer.notAffected) });
  } else {
    await changeRow(ctx, tx, row, { event: isAsked ? 'consent_asked' : 'assigned' });
  }
}

export async function loadTargets(db: Queryable, campaign: CampaignRow): Promise<readonly UpdateTarget[]> {
  const update = await findUpdateRow(db, { environment: campaign.environment, id: campaign.update_id });
  if (update === undefined) throw new BugError(`The campaign ${campaign.id} has no update.`);
  return targetsOf(update);
}

export function reasonOf(code: NotAffectedCode): Reason {
  return { code, description: REASONS[code] };
}
