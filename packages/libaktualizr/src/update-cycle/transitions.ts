// The update cycle as a table: (state, event) → (next state, command). Pure. A pair that is not listed is a Bug.
// Events say what happened, not success or failure; the error or result of a step travels with its event.
// ARCHITECTURE 4.8; client-protocol 6.3 to 6.6 for what the original does at each of these moments.
import { CodedError, type MetadataError } from '@ota-connect/uptane';
import type { DeviceInstallationResult } from '../ports.ts';
import type { CycleState, CycleStateKind, Update } from './states.ts';

export type CycleCommand = 'check' | 'recheck' | 'download' | 'install' | 'finalize' | 'report' | 'none';

export type CycleEvent =
  | { readonly kind: 'CheckRequested' }
  /** As a check, over stored metadata alone: no network, no manifest. */
  | { readonly kind: 'RecheckRequested' }
  | { readonly kind: 'NothingNew' }
  | { readonly kind: 'TargetsFound'; readonly update: Update }
  /** The targets exist, but failed so often under this correlation ID that they are left alone. */
  | { readonly kind: 'TargetsBlocked'; readonly update: Update }
  | { readonly kind: 'MetadataRefused'; readonly error: MetadataError }
  /** Refused for the reason that the server has been told already. */
  | { readonly kind: 'MetadataRefusedAgain'; readonly error: MetadataError }
  /** Refused, told or not; what is stored still holds, and still names the update that was known before. */
  | { readonly kind: 'RefusedUpdateStands'; readonly error: MetadataError }
  | { readonly kind: 'DownloadRequested' }
  | { readonly kind: 'AllTargetsFetched' }
  | { readonly kind: 'DownloadFailed'; readonly error: CodedError }
  | { readonly kind: 'InstallRequested' }
  /** Stored metadata no longer name this update, or it is installed already. */
  | { readonly kind: 'UpdateWithdrawn' }
  | {
      readonly kind: 'ImageNotUsable';
      readonly target: string;
      readonly reason: 'missing' | 'incomplete' | 'tampered';
    }
  | { readonly kind: 'InstallationCompleted'; readonly result: DeviceInstallationResult }
  | { readonly kind: 'NeedsCompletion'; readonly bootId: string }
  | { readonly kind: 'RebootDetected' }
  | { readonly kind: 'ReportRequested' }
  | { readonly kind: 'ManifestAccepted' }
  | { readonly kind: 'ManifestNotSent'; readonly error: CodedError }
  /** The command did not end: the process was restarted in this state, or the command threw. */
  | { readonly kind: 'Interrupted' };

export type CycleEventKind = CycleEvent['kind'];

export type Transition = { readonly state: CycleState; readonly command: CycleCommand };

type WithUpdate = Extract<CycleState, { readonly update: Update }>;
type Rule = (state: CycleState, event: CycleEvent) => Transition;

/** Row of the table: where it leads (for the drawing), and how the next state is made. */
export type Row = {
  readonly to: CycleStateKind | typeof BEFORE;
  readonly command: CycleCommand;
  readonly next: Rule;
};

/** Where the check began: UpdatesAvailable, Downloaded, or else Idle. */
export const BEFORE = '(as-before)';

const row = (
  to: Row['to'],
  command: CycleCommand,
  make: (state: CycleState, event: CycleEvent) => CycleState,
): Row => ({
  to,
  command,
  next: (state, event) => ({ state: make(state, event), command }),
});

const toIdle = row('Idle', 'none', () => ({ kind: 'Idle' }));
const toChecking = (command: 'check' | 'recheck') =>
  row('Checking', command, (state) =>
    state.kind === 'UpdatesAvailable' || state.kind === 'Downloaded'
      ? { kind: 'Checking', before: state }
      : { kind: 'Checking' },
  );
const asBefore = row(BEFORE, 'none', (state) => ('before' in state && state.before) || { kind: 'Idle' });
const withUpdate = (kind: WithUpdate['kind'], command: CycleCommand) =>
  row(kind, command, (state) => {
    const update = updateOf(state);
    return kind === 'AwaitingReboot' ? { kind, update, bootId: '' } : { kind, update };
  });
const toReporting = row('Reporting', 'none', () => ({ kind: 'Reporting' }));
const stay = (kind: CycleStateKind, command: CycleCommand = 'none') => row(kind, command, (state) => state);

const startsOver = {
  CheckRequested: toChecking('check'),
  RecheckRequested: toChecking('recheck'),
};

/** The whole table. Read it as: in this state, on this event, go there and do that. */
export const TRANSITIONS: {
  readonly [state in CycleStateKind]: { readonly [event in CycleEventKind]?: Row };
} = {
  Idle: {
    ...startsOver,
    ReportRequested: row('Reporting', 'report', () => ({ kind: 'Reporting' })),
    Interrupted: stay('Idle'),
  },
  Checking: {
    NothingNew: toIdle,
    TargetsFound: row('UpdatesAvailable', 'none', (_state, event) => ({
      kind: 'UpdatesAvailable',
      update: updateOf(event),
    })),
    TargetsBlocked: toIdle,
    MetadataRefused: toReporting,
    MetadataRefusedAgain: toIdle,
    RefusedUpdateStands: asBefore,
    Interrupted: asBefore,
  },
  UpdatesAvailable: {
    ...startsOver,
    DownloadRequested: withUpdate('Downloading', 'download'),
    InstallRequested: withUpdate('Installing', 'install'),
    Interrupted: stay('UpdatesAvailable'),
  },
  Downloading: {
    AllTargetsFetched: withUpdate('Downloaded', 'none'),
    DownloadFailed: toReporting,
    UpdateWithdrawn: toIdle,
    MetadataRefused: toReporting,
    Interrupted: withUpdate('UpdatesAvailable', 'none'),
  },
  Downloaded: {
    ...startsOver,
    DownloadRequested: withUpdate('Downloading', 'download'),
    InstallRequested: withUpdate('Installing', 'install'),
    Interrupted: stay('Downloaded'),
  },
  Installing: {
    InstallationCompleted: toReporting,
    NeedsCompletion: row('AwaitingReboot', 'none', (state, event) => ({
      kind: 'AwaitingReboot',
      update: updateOf(state),
      bootId: event.kind === 'NeedsCompletion' ? event.bootId : '',
    })),
    ImageNotUsable: withUpdate('UpdatesAvailable', 'none'),
    UpdateWithdrawn: toIdle,
    MetadataRefused: toReporting,
    Interrupted: withUpdate('Downloaded', 'none'),
  },
  AwaitingReboot: {
    RebootDetected: withUpdate('Finalizing', 'finalize'),
    Interrupted: stay('AwaitingReboot'),
  },
  Finalizing: {
    InstallationCompleted: toReporting,
    UpdateWithdrawn: toIdle,
    // The boot id of that installation is gone with the reboot: an empty one differs from every real one.
    Interrupted: withUpdate('AwaitingReboot', 'none'),
  },
  Reporting: {
    ...startsOver,
    ReportRequested: stay('Reporting', 'report'),
    ManifestAccepted: toIdle,
    ManifestNotSent: stay('Reporting'),
    Interrupted: stay('Reporting'),
  },
};

/** Throws CodedError `Bug/invariant_broken` for a pair that cannot happen. */
export function transition(state: CycleState, event: CycleEvent): Transition {
  const found = TRANSITIONS[state.kind][event.kind];
  if (found === undefined) {
    throw new CodedError('Bug', 'invariant_broken', `${event.kind} cannot happen in state ${state.kind}.`, {
      details: { state: state.kind, event: event.kind },
    });
  }
  return found.next(state, event);
}

function updateOf(holder: CycleState | CycleEvent): Update {
  if ('update' in holder) return holder.update;
  throw new CodedError('Bug', 'invariant_broken', `${holder.kind} carries no update.`);
}
