// One assignment: the Director gives one target to one ECU. Its life is a table; a pair that is not listed is a Bug.
// A device works on one correlation id at a time, since its Targets document carries one: later updates are queued in
// the order in which they came and are promoted one by one.
// An assignment that a device has fetched cannot be taken back: the device goes on with what it saw. When the device itself
// is deleted nobody will report any more, so that ends it.
// Source: server-protocol 4.4, 4.8; client-protocol 14 trap 12
import type { DeviceUpdateState } from '@ota-connect/contract/user';

export type Image = { readonly filename: string; readonly lengthBytes: number; readonly sha256: string };

export type AssignedTarget = Image & {
  readonly uri?: string;
  readonly releaseCounter?: number;
};

export type Result = { readonly success: boolean; readonly code: string; readonly description: string };

export type AssignmentState = DeviceUpdateState;
export const ASSIGNMENT_STATES: readonly AssignmentState[] = [
  'queued',
  'assigned',
  'in_flight',
  'completed',
  'failed',
  'cancelled',
];

export const ASSIGNMENT_EVENTS = [
  'promoted',
  'no_longer_fits',
  'targets_fetched',
  'image_installed',
  'install_failed',
  'other_image_installed',
  'cancel_requested',
  'device_deleted',
] as const;
export type AssignmentEvent = (typeof ASSIGNMENT_EVENTS)[number];

export type Assignment = {
  readonly id: string;
  readonly correlationId: string;
  readonly ecuSerial: string;
  readonly hardwareId: string;
  readonly from?: Image;
  readonly target: AssignedTarget;
  readonly state: AssignmentState;
  readonly result?: Result;
};

const NEXT: Readonly<Record<AssignmentState, Partial<Record<AssignmentEvent, AssignmentState>>>> = {
  queued: {
    promoted: 'assigned',
    image_installed: 'completed',
    no_longer_fits: 'failed',
    cancel_requested: 'cancelled',
    device_deleted: 'cancelled',
  },
  assigned: {
    targets_fetched: 'in_flight',
    image_installed: 'completed',
    cancel_requested: 'cancelled',
    device_deleted: 'cancelled',
  },
  in_flight: {
    targets_fetched: 'in_flight',
    image_installed: 'completed',
    install_failed: 'failed',
    other_image_installed: 'cancelled',
    device_deleted: 'cancelled',
  },
  completed: {},
  failed: {},
  cancelled: {},
};

/** Undefined: the pair is impossible. */
export function nextAssignmentState(
  state: AssignmentState,
  event: AssignmentEvent,
): AssignmentState | undefined {
  return NEXT[state][event];
}

/** In the device's Targets. */
export function isRunning(state: AssignmentState): boolean {
  return state === 'assigned' || state === 'in_flight';
}

export function mayCancel(state: AssignmentState): boolean {
  return state === 'queued' || state === 'assigned';
}

export function isSameImage(a: Image, b: Image): boolean {
  return a.filename === b.filename && a.sha256 === b.sha256 && a.lengthBytes === b.lengthBytes;
}
