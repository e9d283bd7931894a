// The life of a campaign and of a device in it, as two tables. A pair that is not in a table is a Bug: whoever calls asks
// first (mayLaunch, mayCancel) or names an event that is listed for every state a device can be in.
//
// Who takes part. Fixed groups are read once, at launch. Expression groups stay open: while a campaign is launched, or
// finished and not cancelled, a device that registers later and matches gets a row of its own (which reopens a finished
// campaign). A row that was rejected because the device had never registered ECUs, or its ECUs had never said what they
// run, is looked at again when that becomes known.
// Events of a device about a campaign that it was not offered leave every row as it is.
// Source: server-protocol 9.1, 9.4; its defects 3 and 4
import type { CampaignStatus, DeviceInCampaignState } from '@ota-connect/contract/user';

export const CAMPAIGN_EVENTS = ['launch', 'all_rows_ended', 'device_joined', 'cancel'] as const;
export type CampaignEvent = (typeof CAMPAIGN_EVENTS)[number];

export const ROW_EVENTS = [
  'not_affected',
  'consent_asked',
  'assigned',
  'assign_failed',
  'declined',
  'postponed',
  'update_succeeded',
  'update_failed',
  'cancelled',
  'reconsidered',
] as const;
export type RowEvent = (typeof ROW_EVENTS)[number];

/** Cancelling a finished campaign closes its expression groups to newcomers. */
const CAMPAIGN: Readonly<Record<CampaignStatus, Partial<Record<CampaignEvent, CampaignStatus>>>> = {
  prepared: { launch: 'launched', cancel: 'cancelled' },
  launched: { all_rows_ended: 'finished', device_joined: 'launched', cancel: 'cancelled' },
  finished: { all_rows_ended: 'finished', device_joined: 'launched', cancel: 'cancelled' },
  cancelled: { all_rows_ended: 'cancelled' },
};

/** A state that names itself takes the event without effect: devices repeat themselves and answer late. */
const ROW: Readonly<Record<DeviceInCampaignState, Partial<Record<RowEvent, DeviceInCampaignState>>>> = {
  requested: {
    not_affected: 'rejected',
    consent_asked: 'scheduled',
    assigned: 'accepted',
    assign_failed: 'failed',
    declined: 'requested',
    postponed: 'requested',
    cancelled: 'cancelled',
  },
  rejected: {
    declined: 'rejected',
    postponed: 'rejected',
    cancelled: 'rejected',
    reconsidered: 'requested',
  },
  scheduled: {
    assigned: 'accepted',
    assign_failed: 'failed',
    declined: 'declined',
    postponed: 'postponed',
    cancelled: 'cancelled',
  },
  postponed: {
    assigned: 'accepted',
    assign_failed: 'failed',
    declined: 'declined',
    postponed: 'postponed',
    cancelled: 'cancelled',
  },
  accepted: {
    declined: 'accepted',
    postponed: 'accepted',
    update_succeeded: 'successful',
    update_failed: 'failed',
    cancelled: 'cancelled',
  },
  declined: { declined: 'declined', postponed: 'declined', cancelled: 'declined' },
  successful: ended('successful'),
  failed: ended('failed'),
  cancelled: ended('cancelled'),
};

const ENDED: ReadonlySet<DeviceInCampaignState> = new Set([
  'rejected',
  'declined',
  'successful',
  'failed',
  'cancelled',
]);

/** Undefined: the pair is impossible. */
export function nextCampaignStatus(status: CampaignStatus, event: CampaignEvent): CampaignStatus | undefined {
  return CAMPAIGN[status][event];
}

/** Undefined: the pair is impossible. */
export function nextRowState(
  state: DeviceInCampaignState,
  event: RowEvent,
): DeviceInCampaignState | undefined {
  return ROW[state][event];
}

export function hasEnded(state: DeviceInCampaignState): boolean {
  return ENDED.has(state);
}

/** Offered for consent; a postponed campaign stays offered. */
export function awaitsConsent(state: DeviceInCampaignState): boolean {
  return state === 'scheduled' || state === 'postponed';
}

export function mayLaunch(status: CampaignStatus): boolean {
  return status === 'prepared';
}

/** `open`: at least one expression group, so that a finished campaign can still grow. */
export function mayCancel(status: CampaignStatus, open: boolean): boolean {
  return status === 'prepared' || status === 'launched' || (status === 'finished' && open);
}

/** A campaign that still takes part in the world: rows may be added and offered. */
export function isRunning(status: CampaignStatus): boolean {
  return status === 'launched' || status === 'finished';
}

/** A late result cannot change what is over, and the Director reports each update of a device once. */
function ended(state: DeviceInCampaignState): Partial<Record<RowEvent, DeviceInCampaignState>> {
  return {
    declined: state,
    postponed: state,
    update_succeeded: state,
    update_failed: state,
    cancelled: state,
  };
}
