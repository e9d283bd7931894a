// The update cycle as a table: (state, event) → (next state, command). Pure. A pair that is not listed is a Bug.
// Events say what happened, not success or failure; the error or result of a step travels with its event.
// ARCHITECTURE 4.8; client-protocol 6.3 to 6.6 for what the original does at each of these moments.
import { CodedError, type MetadataError } from '@ota-connect/uptane';
import type { DeviceInstallationResult } from '../ports.ts';
import type { CycleState, CycleStateKind, MediumPlace, Trial, Update } from './states.ts';

export type CycleCommand =
  | 'check'
  | 'recheck'
  | 'checkOffline'
  | 'download'
  | 'install'
  | 'finalize'
  | 'checkWhileWaiting'
  | 'judge'
  | 'rollBack'
  | 'finalizeRollback'
  | 'report'
  | 'none';

/** Who holds a stage back until the next poll. */
export type Postponer = 'hook' | 'lock';

export type CycleEvent =
  | { readonly kind: 'CheckRequested' }
  /** As a check, over stored metadata alone: no network, no manifest. */
  | { readonly kind: 'RecheckRequested' }
  /** As a check, of a removable medium: no network, no manifest. */
  | { readonly kind: 'OfflineCheckRequested'; readonly medium: MediumPlace }
  /** `found`: a lockbox is there, and installed already. */
  | { readonly kind: 'NothingOnMedium'; readonly found: boolean }
  /** What is there failed too often. */
  | { readonly kind: 'MediumBlocked'; readonly update: Update }
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
  | { readonly kind: 'NeedsCompletion'; readonly bootId: string; readonly nowMs?: number }
  | { readonly kind: 'RebootDetected' }
  /** Whoever waits without a reboot is asked. */
  | { readonly kind: 'CompletionRequested' }
  /** Nobody has rebooted for long: the servers are asked all the same. */
  | { readonly kind: 'WaitingCheckRequested' }
  /** Installed, but not called good before the health check says so. */
  | { readonly kind: 'ProbationBegan'; readonly bootId: string; readonly uptimeMs: number }
  | { readonly kind: 'HealthCheckRequested' }
  | { readonly kind: 'NotYetHealthy'; readonly ranMs: number; readonly uptimeMs: number }
  | { readonly kind: 'FoundUnhealthy'; readonly reason: string }
  | { readonly kind: 'RollbackRequested' }
  /** The stage is held back until the next poll. */
  | { readonly kind: 'Postponed'; readonly reason: string; readonly by: Postponer }
  | { readonly kind: 'ReportRequested' }
  | { readonly kind: 'ManifestAccepted' }
  | { readonly kind: 'ManifestNotSent'; readonly error: CodedError }
  /** The command did not end: the process was restarted in this state, or the command threw. */
  | { readonly kind: 'Interrupted' };

export type CycleEventKind = CycleEvent['kind'];

export type Transition = { readonly state: CycleState; readonly command: CycleCommand };

type KnownKind = 'UpdatesAvailable' | 'Downloading' | 'Downloaded' | 'Installing';
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
const withUpdate = (kind: KnownKind, command: CycleCommand) =>
  row(kind, command, (state) => ({ kind, update: updateOf(state) }));
/** The boot of the installation and the trial go along; after a reboot that one is gone, and none differs from every real one. */
const withBoot = (kind: 'AwaitingReboot' | 'Finalizing', command: CycleCommand, boots: 0 | 1 = 0) =>
  row(kind, command, (state) => {
    const { boots: before, ranMs } = trialOf(state);
    const trial = { boots: before + boots, ranMs };
    const bootId = boots === 1 ? '' : bootOf(state);
    return { kind, update: updateOf(state), bootId, trial, ...waitOf(state) };
  });
const toAwaitingReboot = row('AwaitingReboot', 'none', (state, event) => ({
  kind: 'AwaitingReboot',
  update: updateOf(state),
  bootId: bootOf(event),
  ...('trial' in state && state.trial !== undefined ? { trial: state.trial } : {}),
  ...waitOf(state, event),
}));
const toProbation = row('Probation', 'none', (state, event) => ({
  kind: 'Probation',
  update: updateOf(state),
  bootId: bootOf(event),
  trial: trialOf(state),
  sinceMs: event.kind === 'ProbationBegan' ? event.uptimeMs : 0,
}));
const toRollingBack = row('RollingBack', 'rollBack', (state, event) => {
  const [reason, tries] =
    state.kind === 'RollingBack'
      ? [state.reason, state.tries + 1]
      : [event.kind === 'FoundUnhealthy' ? event.reason : '', 1];
  return { kind: 'RollingBack', update: updateOf(state), reason, tries };
});
const toRollback = (kind: 'AwaitingRollback' | 'FinalizingRollback', command: CycleCommand) =>
  row(kind, command, (state, event) => ({
    kind,
    update: updateOf(state),
    reason: 'reason' in state ? state.reason : '',
    bootId: bootOf(event.kind === 'NeedsCompletion' ? event : state),
  }));
const toReporting = row('Reporting', 'none', () => ({ kind: 'Reporting' }));
const stay = (kind: CycleStateKind, command: CycleCommand = 'none') => row(kind, command, (state) => state);

const startsOver = {
  CheckRequested: toChecking('check'),
  RecheckRequested: toChecking('recheck'),
  OfflineCheckRequested: row('Checking', 'checkOffline', (state, event) => ({
    ...(state.kind === 'UpdatesAvailable' || state.kind === 'Downloaded' ? { before: state } : {}),
    ...(event.kind === 'OfflineCheckRequested' ? { medium: event.medium } : {}),
    kind: 'Checking',
  })),
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
    NothingOnMedium: asBefore,
    MediumBlocked: asBefore,
    Postponed: asBefore,
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
    Postponed: withUpdate('UpdatesAvailable', 'none'),
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
    NeedsCompletion: toAwaitingReboot,
    ProbationBegan: toProbation,
    ImageNotUsable: withUpdate('UpdatesAvailable', 'none'),
    UpdateWithdrawn: toIdle,
    MetadataRefused: toReporting,
    Postponed: withUpdate('Downloaded', 'none'),
    Interrupted: withUpdate('Downloaded', 'none'),
  },
  AwaitingReboot: {
    RebootDetected: withBoot('Finalizing', 'finalize', 1),
    CompletionRequested: withBoot('Finalizing', 'finalize'),
    WaitingCheckRequested: stay('AwaitingReboot', 'checkWhileWaiting'),
    NothingNew: stay('AwaitingReboot'),
    // Another update replaces it.
    InstallationCompleted: toReporting,
    UpdateWithdrawn: toIdle,
    Interrupted: stay('AwaitingReboot'),
  },
  Finalizing: {
    InstallationCompleted: toReporting,
    // Somebody else is not ready yet.
    NeedsCompletion: toAwaitingReboot,
    ProbationBegan: toProbation,
    FoundUnhealthy: toRollingBack,
    UpdateWithdrawn: toIdle,
    Postponed: withBoot('AwaitingReboot', 'none'),
    Interrupted: withBoot('AwaitingReboot', 'none'),
  },
  Probation: {
    // Which version came up is asked anew: the bootloader may have gone back.
    RebootDetected: withBoot('Finalizing', 'finalize', 1),
    HealthCheckRequested: stay('Probation', 'judge'),
    NotYetHealthy: row('Probation', 'none', (state, event) =>
      state.kind === 'Probation' && event.kind === 'NotYetHealthy'
        ? { ...state, trial: { ...state.trial, ranMs: event.ranMs }, sinceMs: event.uptimeMs }
        : state,
    ),
    InstallationCompleted: toReporting,
    NeedsCompletion: toAwaitingReboot,
    FoundUnhealthy: toRollingBack,
    UpdateWithdrawn: toIdle,
    Interrupted: stay('Probation'),
  },
  RollingBack: {
    RollbackRequested: toRollingBack,
    InstallationCompleted: toReporting,
    NeedsCompletion: toRollback('AwaitingRollback', 'none'),
    UpdateWithdrawn: toIdle,
    Interrupted: stay('RollingBack'),
  },
  AwaitingRollback: {
    RebootDetected: toRollback('FinalizingRollback', 'finalizeRollback'),
    Interrupted: stay('AwaitingRollback'),
  },
  FinalizingRollback: {
    InstallationCompleted: toReporting,
    NeedsCompletion: toAwaitingReboot,
    UpdateWithdrawn: toIdle,
    Interrupted: toRollback('AwaitingRollback', 'none'),
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

/** The boot in which something was done; an empty one differs from every real one. */
function bootOf(holder: CycleState | CycleEvent): string {
  return 'bootId' in holder ? holder.bootId : '';
}

/** From the first time on that it was said. */
function waitOf(state: CycleState, event?: CycleEvent): { readonly waitsSinceMs?: number } {
  const before = 'waitsSinceMs' in state ? state.waitsSinceMs : undefined;
  const waitsSinceMs = before ?? (event?.kind === 'NeedsCompletion' ? event.nowMs : undefined);
  return waitsSinceMs === undefined ? {} : { waitsSinceMs };
}

function trialOf(state: CycleState): Trial {
  return ('trial' in state ? state.trial : undefined) ?? { boots: 0, ranMs: 0 };
}
