// The status of a device, as one table: what it was, what the Director states, what it is now. The words are the
// original's and read oddly: Outdated means "has an assignment", UpdatePending "picked it up".
// A pair that is not in the table cannot happen.
// Source: server-protocol 8.1
import type { DeviceStatus } from '@ota-connect/contract/user';

export const STATUS_EVENTS = [
  'seen',
  'update_assigned',
  'update_in_flight',
  'update_succeeded',
  'update_failed',
  'update_cancelled',
] as const;
export type StatusEvent = (typeof STATUS_EVENTS)[number];

/** An update can be assigned to a device that was never seen: it then shows the assignment. */
const NEXT: Readonly<Record<DeviceStatus, Readonly<Record<StatusEvent, DeviceStatus>>>> = {
  NotSeen: {
    seen: 'UpToDate',
    update_assigned: 'Outdated',
    update_in_flight: 'UpdatePending',
    update_succeeded: 'UpToDate',
    update_failed: 'Error',
    update_cancelled: 'NotSeen',
  },
  UpToDate: {
    seen: 'UpToDate',
    update_assigned: 'Outdated',
    update_in_flight: 'UpdatePending',
    update_succeeded: 'UpToDate',
    update_failed: 'Error',
    update_cancelled: 'UpToDate',
  },
  Outdated: {
    seen: 'Outdated',
    update_assigned: 'Outdated',
    update_in_flight: 'UpdatePending',
    update_succeeded: 'UpToDate',
    update_failed: 'Error',
    update_cancelled: 'UpToDate',
  },
  UpdatePending: {
    seen: 'UpdatePending',
    update_assigned: 'Outdated',
    update_in_flight: 'UpdatePending',
    update_succeeded: 'UpToDate',
    update_failed: 'Error',
    update_cancelled: 'UpToDate',
  },
  Error: {
    seen: 'Error',
    update_assigned: 'Outdated',
    update_in_flight: 'UpdatePending',
    update_succeeded: 'UpToDate',
    update_failed: 'Error',
    update_cancelled: 'UpToDate',
  },
};

export function nextDeviceStatus(status: DeviceStatus, event: StatusEvent): DeviceStatus {
  return NEXT[status][event];
}
