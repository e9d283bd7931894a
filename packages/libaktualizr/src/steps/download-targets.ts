// Brings every target of the update to the device, one after another, from metadata that still holds. A transfer is
// tried three times; what can mend itself (the network, a full disk) is left for the next cycles and reported when
// their number is used up, what cannot (a wrong hash, a missing file) is reported at once. client-protocol 3.5, 6.5.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import { InstallError, StorageError, TransportError } from '../errors.ts';
import type { FetchProgress } from '../ports.ts';
import type { Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import {
  asCorrelationId,
  FETCH_PAUSES_MS,
  MAX_ATTEMPTS,
  MAX_TRANSFERS,
  targetKey,
  transferKey,
} from './attempts.ts';
import type { StepContext } from './context.ts';
import { confirmUpdate } from './confirm-update.ts';
import { isFetchedHere } from './fetched-here.ts';
import { recordAttack } from './record-attack.ts';
import { saveResult } from './report-result.ts';

/** @throws what interrupted it, when the next cycle may try again */
export async function downloadTargets(context: StepContext, signal: AbortSignal): Promise<CycleEvent> {
  const confirmed = await confirmUpdate(context);
  if (confirmed.kind !== 'confirmed') return confirmed;
  for (const target of confirmed.targets) {
    if (!isFetchedHere(context, target)) continue;
    const failed = await downloadTarget(context, target, confirmed.update, signal);
    if (failed !== undefined) return failed;
  }
  return { kind: 'AllTargetsFetched' };
}

async function downloadTarget(
  context: StepContext,
  target: VerifiedTarget,
  { correlationId }: Update,
  signal: AbortSignal,
): Promise<CycleEvent | undefined> {
  const { reports, events, storage } = context;
  const tell = async (id: 'EcuDownloadStarted' | 'EcuDownloadCompleted', success?: boolean) => {
    for (const ecu of target.ecus.keys()) {
      reports.enqueue(id, { correlationId, ecu, ...(success === undefined ? {} : { success }) });
    }
    await reports.flush();
  };
  await tell('EcuDownloadStarted');
  try {
    await fetchWithRetries(context, target, signal);
  } catch (error) {
    if (!isFailure(error)) throw error;
    events.emit({ kind: 'DownloadTargetComplete', target: target.name, success: false });
    const id = asCorrelationId(correlationId);
    const isPassing = mayMendItself(error);
    if (isPassing && storage.cycle.countAttempt(transferKey(target.hashes), id) < MAX_TRANSFERS) throw error;
    blockOrCount(context, target, { id, isPassing });
    saveFailure(context, error, correlationId);
    await tell('EcuDownloadCompleted', false);
    return { kind: 'DownloadFailed', error };
  }
  storage.attacks.passed('image');
  events.emit({ kind: 'DownloadTargetComplete', target: target.name, success: true });
  await tell('EcuDownloadCompleted', true);
  return undefined;
}

async function fetchWithRetries(
  context: StepContext,
  target: VerifiedTarget,
  signal: AbortSignal,
): Promise<void> {
  for (const pauseMs of [...FETCH_PAUSES_MS, undefined]) {
    try {
      await fetchUnlessPaused(context, target, signal);
      return;
    } catch (error) {
      recordAttack(context, error, target.name);
      const isLast = pauseMs === undefined || error instanceof InstallError;
      if (isLast || !isFailure(error)) throw error;
      context.log('warning', `${target.name}: ${error.message} Trying again.`);
      await context.clock.sleep(pauseMs, signal);
    }
  }
}

/** A pause ends the transfer; after it, what has arrived is not asked for again. */
async function fetchUnlessPaused(
  context: StepContext,
  target: VerifiedTarget,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await context.gate.opened(signal);
    const paused = context.gate.pausedSignal();
    try {
      await context.packageManager.fetch(
        target,
        progressOf(context, target),
        AbortSignal.any([signal, paused]),
      );
      return;
    } catch (error) {
      if (!paused.aborted || signal.aborted) throw error;
    }
  }
}

/** A fault that did not pass in all its chances will not: the version is blocked. Any other failure counts once. */
function blockOrCount(
  { storage }: StepContext,
  target: VerifiedTarget,
  { id, isPassing }: { readonly id: ReturnType<typeof asCorrelationId>; readonly isPassing: boolean },
): void {
  const key = targetKey(target.hashes);
  let count = storage.cycle.countAttempt(key, id);
  while (isPassing && count < MAX_ATTEMPTS) count = storage.cycle.countAttempt(key, id);
}

/** One event for each whole percent, and for each phase. */
function progressOf(context: StepContext, target: VerifiedTarget): FetchProgress {
  let last: string | undefined;
  return (received, total, text) => {
    const percent = total === 0 ? 100 : Math.floor((received * 100) / total);
    const seen = `${percent} ${text?.split(':', 1)[0] ?? ''}`;
    if (seen === last) return;
    last = seen;
    const phase = text === undefined ? {} : { text };
    context.events.emit({ kind: 'DownloadProgressReport', target: target.name, percent, ...phase });
  };
}

function saveFailure(context: StepContext, error: Error, correlationId: string): void {
  const detail = error instanceof MetadataError ? `${error.wireCode}: ${error.message}` : error.message;
  saveResult(context, {
    success: false,
    code: 'DOWNLOAD_FAILED',
    description: `Target download failed. ${detail}`,
    rawReport: 'Target download failed.',
    correlationId,
  });
}

type Failure = TransportError | InstallError | MetadataError | StorageError;

/** Of the transfer; anything else (an abort, a defect) is not this target's fault. */
function isFailure(error: unknown): error is Failure {
  return (
    error instanceof TransportError ||
    error instanceof InstallError ||
    error instanceof MetadataError ||
    (error instanceof StorageError && error.code === 'io')
  );
}

function mayMendItself(error: Failure): boolean {
  if (error instanceof StorageError) return true;
  if (error instanceof InstallError) return error.code === 'no_space';
  if (error instanceof MetadataError) return false;
  const { status } = error.details;
  return error.code !== 'http_status' || (typeof status === 'number' && status >= 500);
}
