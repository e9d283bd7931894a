// One target to the device. A transfer is tried three times; what can mend itself (the network, a full disk) is left for the
// next cycles and reported when their number is used up, what cannot (a wrong hash, a missing file) is reported at once.
// client-protocol 3.5, 6.5.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import { InstallError, StorageError, TransportError } from '../errors.ts';
import type { FetchProgress, ImageMedium } from '../ports.ts';
import {
  asCorrelationId,
  FETCH_PAUSES_MS,
  MAX_ATTEMPTS,
  MAX_TRANSFERS,
  targetKey,
  transferKey,
} from './attempts.ts';
import type { StepContext } from './context.ts';
import { recordAttack } from './record-attack.ts';

/** So often at least, while bytes come. */
const PROGRESS_MS = 15_000;
/** A server that wants to be left alone for longer is asked in another cycle. */
const MAX_WAIT_SECONDS = 10;

export type Failure = TransportError | InstallError | MetadataError | StorageError;

/** `interrupted`: the next cycle goes on. `failed`: it will not, and the server is to be told. */
export type TargetOutcome =
  | { readonly kind: 'fetched' }
  | { readonly kind: 'interrupted' | 'failed'; readonly target: VerifiedTarget; readonly error: Failure };

type Means = { readonly signal: AbortSignal; readonly medium?: ImageMedium };

/** `onFailure` runs in one go with the count of the attempts. @throws what is not the fault of this target */
export async function downloadTarget(
  context: StepContext,
  target: VerifiedTarget,
  correlationId: string,
  how: Means & { readonly onFailure: (error: Failure) => void },
): Promise<TargetOutcome> {
  const { reports, events, storage } = context;
  const tell = async (id: 'EcuDownloadStarted' | 'EcuDownloadCompleted', success?: boolean) => {
    // As Torizon's: of a copy the server hears nothing.
    if (how.medium !== undefined) return;
    for (const ecu of target.ecus.keys()) {
      reports.enqueue(id, { correlationId, ecu, ...(success === undefined ? {} : { success }) });
    }
    await reports.flush();
  };
  await tell('EcuDownloadStarted');
  try {
    await fetchWithRetries(context, target, how);
  } catch (error) {
    if (!isFailure(error)) throw error;
    events.emit({ kind: 'DownloadTargetComplete', target: target.name, success: false });
    const id = asCorrelationId(correlationId);
    const isPassing = mayMendItself(error);
    if (isPassing && storage.cycle.countAttempt(transferKey(target.hashes), id) < MAX_TRANSFERS)
      return { kind: 'interrupted', target, error };
    blockOrCount(context, target, { id, isPassing });
    how.onFailure(error);
    await tell('EcuDownloadCompleted', false);
    return { kind: 'failed', target, error };
  }
  storage.attacks.passed('image');
  events.emit({ kind: 'DownloadTargetComplete', target: target.name, success: true });
  await tell('EcuDownloadCompleted', true);
  return { kind: 'fetched' };
}

async function fetchWithRetries(context: StepContext, target: VerifiedTarget, means: Means): Promise<void> {
  const { signal, medium } = means;
  for (const pauseMs of [...FETCH_PAUSES_MS, undefined]) {
    try {
      await fetchUnlessPaused(context, target, means);
      return;
    } catch (error) {
      recordAttack(context, error, target.name);
      // A medium that is gone does not come back in a second.
      const isLast = pauseMs === undefined || error instanceof InstallError || medium !== undefined;
      if (isLast || !isFailure(error)) throw error;
      const waitSeconds = Number(error.details.retryAfterSeconds ?? 0);
      if (waitSeconds > MAX_WAIT_SECONDS) throw error;
      context.log('warning', `${target.name}: ${error.message} Trying again.`);
      await context.clock.sleep(Math.max(pauseMs, waitSeconds * 1000), signal);
    }
  }
}

/** A pause ends the transfer; after it, what has arrived is not asked for again. */
async function fetchUnlessPaused(
  context: StepContext,
  target: VerifiedTarget,
  { signal, medium }: Means,
): Promise<void> {
  for (;;) {
    await context.gate.opened(signal);
    const paused = context.gate.pausedSignal();
    try {
      await context.packageManager.fetch(
        target,
        progressOf(context, target),
        AbortSignal.any([signal, paused]),
        medium,
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

/** One event for each whole percent, for each phase, and every 15 s; a line in the log as often as that. */
function progressOf(context: StepContext, target: VerifiedTarget): FetchProgress {
  const now = () => context.clock.monotonic?.() ?? performance.now();
  const last = { seen: '', eventMs: now(), lineMs: now() };
  return (received, total, text) => {
    const percent = total === 0 ? 100 : Math.floor((received * 100) / total);
    const seen = text === undefined ? String(percent) : `${percent} ${text.split(':', 1)[0]}`;
    const atMs = now();
    if (seen === last.seen && atMs - last.eventMs < PROGRESS_MS) return;
    last.seen = seen;
    last.eventMs = atMs;
    const phase = text === undefined ? { receivedBytes: received, totalBytes: total } : { text };
    context.events.emit({ kind: 'DownloadProgressReport', target: target.name, percent, ...phase });
    if (atMs - last.lineMs < PROGRESS_MS) return;
    last.lineMs = atMs;
    const detail = text ?? `${received} of ${total} bytes`;
    context.log('info', `${target.name}: ${percent} % fetched (${detail}).`);
  };
}

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
  return error.code !== 'http_status' || status === 429 || (typeof status === 'number' && status >= 500);
}
