import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CodedError, MetadataError } from '@ota-connect/uptane';
import { describeTransitions } from '../src/update-cycle/describe.ts';
import {
  CYCLE_STATES,
  type CycleState,
  type CycleStateKind,
  type Update,
} from '../src/update-cycle/states.ts';
import {
  BEFORE,
  transition,
  TRANSITIONS,
  type CycleEvent,
  type CycleEventKind,
} from '../src/update-cycle/transitions.ts';

const update: Update = { correlationId: 'urn:here-ota:campaign:1', targets: [] };
const other: Update = { correlationId: 'urn:here-ota:campaign:2', targets: [] };
const error = new MetadataError('ExpiredMetadata', 'Targets expired.', { role: 'Targets' });
const result = { success: true, code: 'OK', description: '', rawReport: '', correlationId: '' };

const STATES: { readonly [kind in CycleStateKind]: CycleState } = {
  Idle: { kind: 'Idle' },
  Checking: { kind: 'Checking', before: { kind: 'Downloaded', update } },
  UpdatesAvailable: { kind: 'UpdatesAvailable', update },
  Downloading: { kind: 'Downloading', update },
  Downloaded: { kind: 'Downloaded', update },
  Installing: { kind: 'Installing', update },
  AwaitingReboot: { kind: 'AwaitingReboot', update, bootId: 'boot-1' },
  Finalizing: { kind: 'Finalizing', update, bootId: 'boot-1', trial: { boots: 1, ranMs: 7 } },
  Probation: { kind: 'Probation', update, bootId: 'boot-1', trial: { boots: 1, ranMs: 7 }, sinceMs: 3 },
  RollingBack: { kind: 'RollingBack', update, reason: 'not healthy', tries: 1 },
  AwaitingRollback: { kind: 'AwaitingRollback', update, reason: 'not healthy', bootId: 'boot-1' },
  FinalizingRollback: { kind: 'FinalizingRollback', update, reason: 'not healthy', bootId: 'boot-1' },
  Reporting: { kind: 'Reporting' },
};

const EVENTS: { readonly [kind in CycleEventKind]: CycleEvent } = {
  CheckRequested: { kind: 'CheckRequested' },
  RecheckRequested: { kind: 'RecheckRequested' },
  OfflineCheckRequested: { kind: 'OfflineCheckRequested', medium: { directory: '/media/stick' } },
  NothingOnMedium: { kind: 'NothingOnMedium', found: true },
  MediumBlocked: { kind: 'MediumBlocked', update },
  NothingNew: { kind: 'NothingNew' },
  TargetsFound: { kind: 'TargetsFound', update: other },
  TargetsBlocked: { kind: 'TargetsBlocked', update: other },
  MetadataRefused: { kind: 'MetadataRefused', error },
  MetadataRefusedAgain: { kind: 'MetadataRefusedAgain', error },
  RefusedUpdateStands: { kind: 'RefusedUpdateStands', error },
  DownloadRequested: { kind: 'DownloadRequested' },
  AllTargetsFetched: { kind: 'AllTargetsFetched' },
  DownloadFailed: { kind: 'DownloadFailed', error },
  InstallRequested: { kind: 'InstallRequested' },
  UpdateWithdrawn: { kind: 'UpdateWithdrawn' },
  ImageNotUsable: { kind: 'ImageNotUsable', target: 'a', reason: 'missing' },
  InstallationCompleted: { kind: 'InstallationCompleted', result },
  NeedsCompletion: { kind: 'NeedsCompletion', bootId: 'boot-2' },
  RebootDetected: { kind: 'RebootDetected' },
  CompletionRequested: { kind: 'CompletionRequested' },
  WaitingCheckRequested: { kind: 'WaitingCheckRequested' },
  ProbationBegan: { kind: 'ProbationBegan', bootId: 'boot-2', uptimeMs: 5000 },
  HealthCheckRequested: { kind: 'HealthCheckRequested' },
  NotYetHealthy: { kind: 'NotYetHealthy', ranMs: 4000, uptimeMs: 9000 },
  FoundUnhealthy: { kind: 'FoundUnhealthy', reason: 'no network' },
  RollbackRequested: { kind: 'RollbackRequested' },
  Postponed: { kind: 'Postponed', reason: 'driving', by: 'hook' },
  ReportRequested: { kind: 'ReportRequested' },
  ManifestAccepted: { kind: 'ManifestAccepted' },
  ManifestNotSent: { kind: 'ManifestNotSent', error },
  Interrupted: { kind: 'Interrupted' },
};

/** What is expected, written by hand: state, event, next state, command. Every other pair is impossible. */
const EXPECTED = `
Idle               CheckRequested         Checking           check
Idle               RecheckRequested       Checking           recheck
Idle               OfflineCheckRequested  Checking           checkOffline
Idle               ReportRequested        Reporting          report
Idle               Interrupted            Idle               none
Checking           NothingNew             Idle               none
Checking           TargetsFound           UpdatesAvailable   none
Checking           TargetsBlocked         Idle               none
Checking           MetadataRefused        Reporting          none
Checking           MetadataRefusedAgain   Idle               none
Checking           RefusedUpdateStands    (as-before)        none
Checking           NothingOnMedium        (as-before)        none
Checking           MediumBlocked          (as-before)        none
Checking           Postponed              (as-before)        none
Checking           Interrupted            (as-before)        none
UpdatesAvailable   CheckRequested         Checking           check
UpdatesAvailable   RecheckRequested       Checking           recheck
UpdatesAvailable   OfflineCheckRequested  Checking           checkOffline
UpdatesAvailable   DownloadRequested      Downloading        download
UpdatesAvailable   InstallRequested       Installing         install
UpdatesAvailable   Interrupted            UpdatesAvailable   none
Downloading        AllTargetsFetched      Downloaded         none
Downloading        DownloadFailed         Reporting          none
Downloading        UpdateWithdrawn        Idle               none
Downloading        MetadataRefused        Reporting          none
Downloading        Postponed              UpdatesAvailable   none
Downloading        Interrupted            UpdatesAvailable   none
Downloaded         CheckRequested         Checking           check
Downloaded         RecheckRequested       Checking           recheck
Downloaded         OfflineCheckRequested  Checking           checkOffline
Downloaded         DownloadRequested      Downloading        download
Downloaded         InstallRequested       Installing         install
Downloaded         Interrupted            Downloaded         none
Installing         InstallationCompleted  Reporting          none
Installing         NeedsCompletion        AwaitingReboot     none
Installing         ProbationBegan         Probation          none
Installing         ImageNotUsable         UpdatesAvailable   none
Installing         UpdateWithdrawn        Idle               none
Installing         MetadataRefused        Reporting          none
Installing         Postponed              Downloaded         none
Installing         Interrupted            Downloaded         none
AwaitingReboot     RebootDetected         Finalizing         finalize
AwaitingReboot     CompletionRequested    Finalizing         finalize
AwaitingReboot     WaitingCheckRequested  AwaitingReboot     checkWhileWaiting
AwaitingReboot     NothingNew             AwaitingReboot     none
AwaitingReboot     InstallationCompleted  Reporting          none
AwaitingReboot     UpdateWithdrawn        Idle               none
AwaitingReboot     Interrupted            AwaitingReboot     none
Finalizing         InstallationCompleted  Reporting          none
Finalizing         NeedsCompletion        AwaitingReboot     none
Finalizing         ProbationBegan         Probation          none
Finalizing         FoundUnhealthy         RollingBack        rollBack
Finalizing         UpdateWithdrawn        Idle               none
Finalizing         Postponed              AwaitingReboot     none
Finalizing         Interrupted            AwaitingReboot     none
Probation          RebootDetected         Finalizing         finalize
Probation          HealthCheckRequested   Probation          judge
Probation          NotYetHealthy          Probation          none
Probation          InstallationCompleted  Reporting          none
Probation          NeedsCompletion        AwaitingReboot     none
Probation          FoundUnhealthy         RollingBack        rollBack
Probation          UpdateWithdrawn        Idle               none
Probation          Interrupted            Probation          none
RollingBack        RollbackRequested      RollingBack        rollBack
RollingBack        InstallationCompleted  Reporting          none
RollingBack        NeedsCompletion        AwaitingRollback   none
RollingBack        UpdateWithdrawn        Idle               none
RollingBack        Interrupted            RollingBack        none
AwaitingRollback   RebootDetected         FinalizingRollback finalizeRollback
AwaitingRollback   Interrupted            AwaitingRollback   none
FinalizingRollback InstallationCompleted  Reporting          none
FinalizingRollback NeedsCompletion        AwaitingReboot     none
FinalizingRollback UpdateWithdrawn        Idle               none
FinalizingRollback Interrupted            AwaitingRollback   none
Reporting          CheckRequested         Checking           check
Reporting          RecheckRequested       Checking           recheck
Reporting          OfflineCheckRequested  Checking           checkOffline
Reporting          ReportRequested        Reporting          report
Reporting          ManifestAccepted       Idle               none
Reporting          ManifestNotSent        Reporting          none
Reporting          Interrupted            Reporting          none
`;

const expected = new Map(
  EXPECTED.trim()
    .split('\n')
    .map((line) => {
      const [state, event, to, command] = line.split(/\s+/);
      return [`${state} ${event}`, { to, command }] as const;
    }),
);

describe('transition table', () => {
  for (const state of CYCLE_STATES) {
    for (const event of Object.values(EVENTS)) {
      const want = expected.get(`${state} ${event.kind}`);
      const what = want === undefined ? 'is impossible' : `leads to ${want.to} and asks for ${want.command}`;
      it(`${event.kind} in ${state} ${what}`, () => {
        if (want === undefined) {
          assert.throws(
            () => transition(STATES[state], event),
            (thrown: unknown) => thrown instanceof CodedError && thrown.family === 'Bug',
          );
          return;
        }
        const reached = transition(STATES[state], event);
        // The check of this table began in Downloaded.
        assert.equal(reached.state.kind, want.to === BEFORE ? 'Downloaded' : want.to);
        assert.equal(reached.command, want.command);
        assert.equal(TRANSITIONS[state][event.kind]?.to, want.to);
      });
    }
  }

  it('survives JSON in every state', () => {
    for (const state of Object.values(STATES)) assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
  });

  it('keeps the update from its discovery to its installation', () => {
    const found = transition(STATES.Checking, EVENTS.TargetsFound).state;
    const downloading = transition(found, EVENTS.DownloadRequested).state;
    assert.deepEqual(downloading, { kind: 'Downloading', update: other });
    const installing = transition(
      transition(downloading, EVENTS.AllTargetsFetched).state,
      EVENTS.InstallRequested,
    );
    assert.deepEqual(transition(installing.state, EVENTS.NeedsCompletion).state, {
      kind: 'AwaitingReboot',
      update: other,
      bootId: 'boot-2',
    });
  });

  it('goes back from a check to where it began', () => {
    for (const before of [STATES.Idle, STATES.UpdatesAvailable, STATES.Downloaded]) {
      const { state } = transition(before, EVENTS.CheckRequested);
      assert.deepEqual(transition(state, EVENTS.RefusedUpdateStands).state, before);
      assert.deepEqual(transition(state, EVENTS.Interrupted).state, before);
    }
    const { state } = transition(STATES.Reporting, EVENTS.CheckRequested);
    assert.deepEqual(transition(state, EVENTS.Interrupted).state, STATES.Idle);
  });
});

describe('probation in the table', () => {
  it('counts each boot and keeps the time that ran, over reboots and interruptions', () => {
    let state = transition(STATES.AwaitingReboot, EVENTS.RebootDetected).state;
    state = transition(state, EVENTS.ProbationBegan).state;
    state = transition(state, EVENTS.NotYetHealthy).state;
    assert.deepEqual(state, {
      kind: 'Probation',
      update,
      bootId: 'boot-2',
      trial: { boots: 1, ranMs: 4000 },
      sinceMs: 9000,
    });
    state = transition(transition(state, EVENTS.RebootDetected).state, EVENTS.Interrupted).state;
    assert.deepEqual(state, {
      kind: 'AwaitingReboot',
      update,
      bootId: '',
      trial: { boots: 2, ranMs: 4000 },
    });
  });

  it('counts the tries of a rollback and keeps its reason to the end', () => {
    const first = transition(STATES.Probation, EVENTS.FoundUnhealthy).state;
    assert.deepEqual(first, { kind: 'RollingBack', update, reason: 'no network', tries: 1 });
    const second = transition(first, EVENTS.RollbackRequested).state;
    assert.deepEqual(second, { kind: 'RollingBack', update, reason: 'no network', tries: 2 });
    const awaiting = transition(second, EVENTS.NeedsCompletion).state;
    const finalizing = transition(awaiting, EVENTS.RebootDetected).state;
    assert.deepEqual(finalizing, {
      kind: 'FinalizingRollback',
      update,
      reason: 'no network',
      bootId: 'boot-2',
    });
  });
});

describe('description of the table', () => {
  it('has a line for every possible pair', () => {
    const lines = describeTransitions().trim().split('\n').slice(2);
    assert.equal(lines.length, expected.size);
    assert.ok(lines.some((line) => /^\| Installing +\| Interrupted +\| Downloaded +\| +\|$/.test(line)));
  });

  it('is what docs/generated/states.md says', () => {
    const document = readFileSync(new URL('../../../docs/generated/states.md', import.meta.url), 'utf8');
    assert.ok(
      document.includes(describeTransitions()),
      'write the table anew: describeTransitions() prints it',
    );
  });
});
