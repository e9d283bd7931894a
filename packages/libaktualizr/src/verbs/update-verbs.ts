// Check, download, install and all of them as one cycle: each feeds the table of states and words where it led as the
// verb's result. Told as events too, with that result. ARCHITECTURE 4.8; client-protocol 6.3 to 6.6.
import { CodedError } from '@ota-connect/uptane';
import {
  checkComplete,
  downloadsComplete,
  installsComplete,
  type AktualizrEvent,
  type Failed,
} from '../events.ts';
import { InstallError, ProvisioningError, StorageError, TransportError } from '../errors.ts';
import type { CheckResult, CycleResult, DownloadResult, InstallResult, Pending } from '../results.ts';
import type { StepContext } from '../steps/context.ts';
import { reportResult } from '../steps/report-result.ts';
import { feed, type Commands, type Reached } from '../update-cycle/run.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';

export type UpdateVerbs = {
  readonly check: (signal: AbortSignal) => Promise<CheckResult>;
  readonly download: (signal: AbortSignal) => Promise<DownloadResult>;
  readonly install: (signal: AbortSignal) => Promise<InstallResult>;
  readonly cycle: (signal: AbortSignal) => Promise<CycleResult>;
};

/** What the verbs run on. */
type Engine = { readonly context: StepContext; readonly commands: Commands };

export function createUpdateVerbs(context: StepContext, commands: Commands): UpdateVerbs {
  const engine = { context, commands };
  return {
    check: (signal) => check(engine, signal),
    download: (signal) => download(engine, signal),
    install: (signal) => install(engine, signal),
    cycle: (signal) => cycle(engine, signal),
  };
}

async function check(engine: Engine, signal: AbortSignal): Promise<CheckResult> {
  const waiting = await stillPending(engine, signal);
  if (waiting !== undefined) return waiting;
  const result = await telling(engine, checkComplete, () => verdict(engine, 'CheckRequested', signal));
  if (result.kind === 'refused') await report(engine, signal);
  return result;
}

/** Secondaries that were not done at once are asked; the server goes on hearing of the vehicle while they alone wait. */
async function stillPending(engine: Engine, signal: AbortSignal): Promise<Pending | undefined> {
  const waiting = pending(engine);
  const { context } = engine;
  const { identity, installations } = context.storage;
  const ecus = identity.ecus().filter(({ serial }) => installations.pending(serial) !== undefined);
  if (waiting === undefined || ecus.every(({ isPrimary }) => isPrimary)) return waiting;
  const { last } = await feedEvent(engine, { kind: 'CompletionRequested' }, signal);
  if (last.kind !== 'InstallationCompleted') {
    if (!ecus.some(({ isPrimary }) => isPrimary)) await reportResult(context);
    return pending(engine);
  }
  const { result } = last;
  const kind = result.success ? 'installed' : 'failed';
  context.events.emit(installsComplete({ kind, update: waiting.update, result }));
  return undefined;
}

async function verdict(
  engine: Engine,
  kind: 'CheckRequested' | 'RecheckRequested',
  signal: AbortSignal,
): Promise<CheckResult> {
  const { last } = await feedEvent(engine, { kind }, signal);
  if (last.kind === 'TargetsFound') return { kind: 'updates', update: last.update };
  if (last.kind === 'TargetsBlocked') return { kind: 'blocked', update: last.update };
  const isRefusal =
    last.kind === 'MetadataRefused' ||
    last.kind === 'MetadataRefusedAgain' ||
    last.kind === 'RefusedUpdateStands';
  return isRefusal ? { kind: 'refused', error: last.error } : { kind: 'nothing_new' };
}

async function download(engine: Engine, signal: AbortSignal): Promise<DownloadResult> {
  return pending(engine) ?? telling(engine, downloadsComplete, () => downloadKnown(engine, signal));
}

async function downloadKnown(engine: Engine, signal: AbortSignal): Promise<DownloadResult> {
  const state = engine.context.storage.cycle.load();
  if (state.kind !== 'UpdatesAvailable' && state.kind !== 'Downloaded') return { kind: 'nothing_to_do' };
  try {
    const { last } = await feedEvent(engine, { kind: 'DownloadRequested' }, signal);
    if (last.kind === 'AllTargetsFetched') return { kind: 'downloaded', update: state.update };
    if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
    if (last.kind === 'DownloadFailed') return { kind: 'failed', error: last.error, reported: true };
    return { kind: 'nothing_to_do' };
  } catch (error) {
    if (isTransferError(error)) return { kind: 'failed', error, reported: false };
    throw error;
  }
}

async function install(engine: Engine, signal: AbortSignal): Promise<InstallResult> {
  return pending(engine) ?? telling(engine, installsComplete, () => installFound(engine, signal));
}

async function installFound(engine: Engine, signal: AbortSignal): Promise<InstallResult> {
  const { cycle: store, identity } = engine.context.storage;
  if (identity.ecus().length === 0) {
    throw new ProvisioningError(
      'not_provisioned',
      'This device was never registered: there is nothing to install.',
    );
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
  if (last.kind === 'ImageNotUsable') {
    return { kind: 'image_not_usable', target: last.target, reason: last.reason };
  }
  if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
  return { kind: 'nothing_to_do' };
}

async function cycle(engine: Engine, signal: AbortSignal): Promise<CycleResult> {
  const checked = await check(engine, signal);
  if (checked.kind !== 'updates') return { check: checked, reported: !hasResult(engine) };
  const fetched = await download(engine, signal);
  if (fetched.kind !== 'downloaded')
    return { check: checked, download: fetched, reported: await report(engine, signal) };
  const installed = await telling(engine, installsComplete, () => installKnown(engine, signal));
  return { check: checked, download: fetched, install: installed, reported: await report(engine, signal) };
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
