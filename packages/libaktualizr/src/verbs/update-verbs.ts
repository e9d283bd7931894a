// Check, download, install and all of them as one cycle: each feeds the table of states and words where it led as the
// verb's result. Told as events too, with that result. ARCHITECTURE 4.8; client-protocol 6.3 to 6.6.
import { CodedError, MetadataError } from '@ota-connect/uptane';
import {
  checkComplete,
  downloadsComplete,
  installsComplete,
  type AktualizrEvent,
  type Failed,
} from '../events.ts';
import { InstallError, ProvisioningError, StorageError, TransportError } from '../errors.ts';
import type {
  CheckResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  OfflineCheckResult,
  OfflineCycleResult,
  Pending,
} from '../results.ts';
import { isOverdue } from '../steps/check-while-waiting.ts';
import type { StepContext } from '../steps/context.ts';
import { reportResult } from '../steps/report-result.ts';
import { postponed, settle, type Settled, type SettleOptions } from './settle.ts';
import type { MediumPlace } from '../update-cycle/states.ts';
import { feed, type Commands, type Reached } from '../update-cycle/run.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';

export type UpdateVerbs = {
  readonly check: (signal: AbortSignal) => Promise<CheckResult>;
  readonly download: (signal: AbortSignal) => Promise<DownloadResult>;
  readonly install: (signal: AbortSignal) => Promise<InstallResult>;
  /** `givesWay`: ends the cycle between its stages, and its transfers at once, when a medium waits. */
  readonly cycle: (signal: AbortSignal, givesWay?: AbortSignal) => Promise<CycleResult>;
  readonly checkOffline: (signal: AbortSignal, place: MediumPlace) => Promise<OfflineCheckResult>;
  readonly cycleOffline: (signal: AbortSignal, place: MediumPlace) => Promise<OfflineCycleResult>;
};

/** What the verbs run on. */
type Engine = { readonly context: StepContext; readonly commands: Commands };

export function createUpdateVerbs(context: StepContext, commands: Commands): UpdateVerbs {
  const engine = { context, commands };
  return {
    check: (signal) => check(engine, signal),
    download: (signal) => unlocking(engine, () => download(engine, signal)),
    install: (signal) => unlocking(engine, () => install(engine, signal)),
    cycle: (signal, givesWay) => unlocking(engine, () => cycle(engine, signal, givesWay)),
    checkOffline: (signal, place) => checkOffline(engine, signal, place),
    cycleOffline: (signal, place) => unlocking(engine, () => cycleOffline(engine, signal, place)),
  };
}

async function unlocking<T>({ context }: Engine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    context.updateLock?.release();
  }
}

async function check(engine: Engine, signal: AbortSignal, looks?: Looks): Promise<CheckResult> {
  const waiting = await stillWaiting(engine, signal, looks);
  if (waiting !== undefined) return waiting;
  const result = await telling(engine, checkComplete, () => verdict(engine, 'CheckRequested', signal));
  if (result.kind === 'refused') await report(engine, signal);
  return result;
}

type Looks = SettleOptions['looks'];

/** Secondaries that were not done at once are asked; the server goes on hearing of the vehicle while they alone wait. */
async function stillWaiting(
  engine: Engine,
  signal: AbortSignal,
  looks: Looks,
): Promise<Settled['waits'] | undefined> {
  const { context, commands } = engine;
  const { waits } = await settle(context, commands, { signal, ...(looks && { looks }) });
  const { identity, installations } = context.storage;
  const ecus = identity.ecus().filter(({ serial }) => installations.pending(serial) !== undefined);
  if (waits?.kind !== 'pending' || waits.rollsBack === true) return waits;
  if (ecus.every(({ isPrimary }) => isPrimary)) return isReplaced(engine, signal, waits);
  const { last } = await feedEvent(engine, { kind: 'CompletionRequested' }, signal);
  if (last.kind !== 'InstallationCompleted') {
    if (!ecus.some(({ isPrimary }) => isPrimary)) await reportResult(context);
    return isReplaced(engine, signal, waits);
  }
  const { result } = last;
  const kind = result.success ? 'installed' : 'failed';
  context.events.emit(installsComplete({ kind, update: waits.update, result }));
  return undefined;
}

/** undefined: another update has taken its place, and a check may go on. */
async function isReplaced(
  engine: Engine,
  signal: AbortSignal,
  waits: Pending,
): Promise<Settled['waits'] | undefined> {
  const { context } = engine;
  if (!isOverdue(context, context.storage.cycle.load())) return pending(engine);
  try {
    const { last } = await feedEvent(engine, { kind: 'WaitingCheckRequested' }, signal);
    if (last.kind === 'InstallationCompleted')
      context.events.emit(installsComplete({ kind: 'failed', update: waits.update, result: last.result }));
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    context.log('info', `The server is asked again while the reboot is awaited: ${error.message}`);
  }
  return pending(engine);
}

async function verdict(
  engine: Engine,
  kind: 'CheckRequested' | 'RecheckRequested',
  signal: AbortSignal,
): Promise<CheckResult> {
  const { last } = await feedEvent(engine, { kind }, signal);
  if (last.kind === 'TargetsFound') return { kind: 'updates', update: last.update };
  if (last.kind === 'TargetsBlocked') return { kind: 'blocked', update: last.update };
  if (last.kind === 'Postponed') return postponed(last);
  const isRefusal =
    last.kind === 'MetadataRefused' ||
    last.kind === 'MetadataRefusedAgain' ||
    last.kind === 'RefusedUpdateStands';
  return isRefusal ? { kind: 'refused', error: last.error } : { kind: 'nothing_new' };
}

async function download(engine: Engine, signal: AbortSignal): Promise<DownloadResult> {
  const { waits } = await settle(engine.context, engine.commands, { signal });
  return waits ?? telling(engine, downloadsComplete, () => downloadKnown(engine, signal));
}

async function downloadKnown(engine: Engine, signal: AbortSignal): Promise<DownloadResult> {
  const state = engine.context.storage.cycle.load();
  if (state.kind !== 'UpdatesAvailable' && state.kind !== 'Downloaded') return { kind: 'nothing_to_do' };
  try {
    const { last } = await feedEvent(engine, { kind: 'DownloadRequested' }, signal);
    if (last.kind === 'AllTargetsFetched') return { kind: 'downloaded', update: state.update };
    if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
    if (last.kind === 'Postponed') return postponed(last);
    if (last.kind === 'DownloadFailed') return { kind: 'failed', error: last.error, reported: true };
    return { kind: 'nothing_to_do' };
  } catch (error) {
    if (isTransferError(error)) return { kind: 'failed', error, reported: false };
    throw error;
  }
}

async function install(engine: Engine, signal: AbortSignal): Promise<InstallResult> {
  const { waits, ended } = await settle(engine.context, engine.commands, { signal, looks: 'until_judged' });
  return waits ?? ended ?? telling(engine, installsComplete, () => installFound(engine, signal));
}

async function installFound(engine: Engine, signal: AbortSignal): Promise<InstallResult> {
  const { cycle: store, identity } = engine.context.storage;
  if (identity.ecus().length === 0) {
    throw neverRegistered('there is nothing to install');
  }
  const { kind } = store.load();
  if (kind !== 'UpdatesAvailable' && kind !== 'Downloaded') {
    const found = await verdict(engine, 'RecheckRequested', signal);
    if (found.kind === 'refused') return found;
    if (found.kind !== 'updates') return { kind: 'nothing_to_do' };
  }
  return installKnown(engine, signal);
}

async function installKnown(engine: Engine, signal: AbortSignal): Promise<InstallResult> {
  const state = engine.context.storage.cycle.load();
  if (state.kind !== 'UpdatesAvailable' && state.kind !== 'Downloaded') return { kind: 'nothing_to_do' };
  const { update } = state;
  const { last } = await feedEvent(engine, { kind: 'InstallRequested' }, signal);
  if (last.kind === 'InstallationCompleted') {
    return { kind: last.result.success ? 'installed' : 'failed', update, result: last.result };
  }
  if (last.kind === 'NeedsCompletion') return { kind: 'needs_completion', update };
  if (last.kind === 'ProbationBegan') return judged(engine, signal);
  if (last.kind === 'Postponed') return postponed(last);
  if (last.kind === 'ImageNotUsable') {
    return { kind: 'image_not_usable', target: last.target, reason: last.reason };
  }
  if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
  return { kind: 'nothing_to_do' };
}

/** Waits for the verdict on a version that was installed without a reboot. */
async function judged({ context, commands }: Engine, signal: AbortSignal): Promise<InstallResult> {
  const { ended, waits } = await settle(context, commands, { signal, looks: 'until_judged', isQuiet: true });
  if (ended !== undefined) return ended;
  if (waits?.kind !== 'pending') return waits ?? { kind: 'nothing_to_do' };
  const { update, rollsBack } = waits;
  return { kind: 'needs_completion', update, ...(rollsBack && { rollsBack }) };
}

async function cycle(engine: Engine, signal: AbortSignal, givesWay?: AbortSignal): Promise<CycleResult> {
  const checked = await check(engine, signal, 'until_judged');
  if (checked.kind !== 'updates' || isWaited(givesWay))
    return { check: checked, reported: !hasResult(engine) };
  const fetched = await fetching(engine, signal, givesWay);
  if (fetched === 'gave_way') return { check: checked, reported: !hasResult(engine) };
  if (fetched.kind !== 'downloaded')
    return { check: checked, download: fetched, reported: await report(engine, signal) };
  if (givesWay?.aborted === true) return { check: checked, download: fetched, reported: !hasResult(engine) };
  const installed = await telling(engine, installsComplete, () => installKnown(engine, signal));
  return { check: checked, download: fetched, install: installed, reported: await report(engine, signal) };
}

function isWaited(givesWay: AbortSignal | undefined): boolean {
  return givesWay?.aborted === true;
}

async function fetching(
  engine: Engine,
  signal: AbortSignal,
  givesWay: AbortSignal | undefined,
): Promise<DownloadResult | 'gave_way'> {
  if (givesWay === undefined) return download(engine, signal);
  try {
    return await download(engine, AbortSignal.any([signal, givesWay]));
  } catch (error) {
    if (signal.aborted || !givesWay.aborted) throw error;
    return 'gave_way';
  }
}

async function checkOffline(
  engine: Engine,
  signal: AbortSignal,
  medium: MediumPlace,
): Promise<OfflineCheckResult> {
  const { context, commands } = engine;
  if (context.storage.identity.ecus().length === 0) throw neverRegistered('no lockbox can be for it');
  const { waits } = await settle(context, commands, { signal });
  if (waits !== undefined) return waits;
  return telling(engine, checkComplete, async () => {
    const { last } = await feedEvent(engine, { kind: 'OfflineCheckRequested', medium }, signal);
    if (last.kind === 'TargetsFound') return { kind: 'updates', update: last.update };
    if (last.kind === 'MediumBlocked') return { kind: 'blocked', update: last.update };
    if (last.kind === 'NothingOnMedium') return { kind: last.found ? 'nothing_new' : 'no_lockbox' };
    return 'error' in last && last.error instanceof MetadataError
      ? { kind: 'refused', error: last.error }
      : { kind: 'nothing_new' };
  });
}

/** No network at all, not even for what is queued: the next cycle online brings the report. */
function cycleOffline(engine: Engine, signal: AbortSignal, medium: MediumPlace): Promise<OfflineCycleResult> {
  return engine.context.reports.whileHeld(async () => {
    const checked = await checkOffline(engine, signal, medium);
    if (checked.kind !== 'updates') return { check: checked };
    const fetched = await download(engine, signal);
    if (fetched.kind !== 'downloaded') return { check: checked, download: fetched };
    const installed = await telling(engine, installsComplete, () => installKnown(engine, signal));
    return { check: checked, download: fetched, install: installed };
  });
}

function neverRegistered(why: string): ProvisioningError {
  return new ProvisioningError('not_provisioned', `This device was never registered: ${why}.`);
}

/** Sends a result that waits; answers whether none is left. */
async function report(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { kind } = engine.context.storage.cycle.load();
  if (kind === 'Reporting') await feedEvent(engine, { kind: 'ReportRequested' }, signal);
  // A refusal beside an update that stands.
  else if (hasResult(engine)) await reportResult(engine.context);
  return !hasResult(engine);
}

/** A result is told as it is returned, a coded error as it is thrown; an abort and a defect are nobody's result. */
async function telling<T>(
  { context: { events } }: Engine,
  describe: (result: T | Failed) => AktualizrEvent,
  work: () => Promise<T>,
): Promise<T> {
  const result = await work().catch((error: unknown) => {
    if (error instanceof CodedError && error.family !== 'Bug')
      events.emit(describe({ kind: 'error', error }));
    throw error;
  });
  events.emit(describe(result));
  return result;
}

function feedEvent({ context, commands }: Engine, event: CycleEvent, signal: AbortSignal): Promise<Reached> {
  return feed(context.storage.cycle, commands, event, signal);
}

function pending({ context }: Engine): Pending | undefined {
  const state = context.storage.cycle.load();
  return state.kind === 'AwaitingReboot' ? { kind: 'pending', update: state.update } : undefined;
}

function hasResult({ context }: Engine): boolean {
  return context.storage.installations.results().device !== undefined;
}

function isTransferError(error: unknown): error is CodedError {
  return (
    error instanceof TransportError ||
    error instanceof InstallError ||
    (error instanceof StorageError && error.code === 'io')
  );
}
