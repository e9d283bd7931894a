// The numbers of a campaign, from how many of its rows are in which state. They add up:
//   rows      = requested + processed
//   processed = rejected + affected
//   affected  = scheduled + postponed + accepted + declined + successful + failed + cancelled
// Source: server-protocol 9.5, 9.4 step 7
import { DEVICE_IN_CAMPAIGN_STATES, type DeviceInCampaignState } from '@ota-connect/contract/user';
import { hasEnded } from './campaign.ts';

/** Shown when a device failed and gave no code. */
export const MISSING_ERROR_CODE = 'MISSING_ERROR_CODE';

export type StateCounts = ReadonlyMap<DeviceInCampaignState, number>;

export type Progress = Readonly<Record<Exclude<DeviceInCampaignState, 'requested'>, number>> & {
  readonly processed: number;
  readonly affected: number;
};

export function progressOf(counts: StateCounts): Progress {
  const of = (state: DeviceInCampaignState): number => counts.get(state) ?? 0;
  const parts = {
    scheduled: of('scheduled'),
    postponed: of('postponed'),
    accepted: of('accepted'),
    declined: of('declined'),
    successful: of('successful'),
    failed: of('failed'),
    cancelled: of('cancelled'),
  };
  const affected = Object.values(parts).reduce((sum, count) => sum + count, 0);
  const rejected = of('rejected');
  return { ...parts, rejected, affected, processed: affected + rejected };
}

/** `isOpen`: at least one group by expression. */
export type Extent = { readonly groupsRead: boolean; readonly isOpen: boolean };

/** Every group was read and no row waits for anything. An open campaign without a single row waits for its first device. */
export function isFinished(counts: StateCounts, extent: Extent): boolean {
  if (!extent.groupsRead) return false;
  const rows = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (rows === 0) return !extent.isOpen;
  return DEVICE_IN_CAMPAIGN_STATES.every((state) => hasEnded(state) || (counts.get(state) ?? 0) === 0);
}
