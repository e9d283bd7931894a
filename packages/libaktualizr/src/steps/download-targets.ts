// Brings every target of the update to the device, several at a time, from metadata that still holds. Each runs to its own
// end, whatever becomes of the others, so that what one has fetched is there when the next cycle goes on.
// client-protocol 3.5, 6.5.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import type { StepContext } from './context.ts';
import { confirmUpdate } from './confirm-update.ts';
import { downloadTarget, type Failure, type TargetOutcome } from './download-target.ts';
import { isFetchedHere } from './fetched-here.ts';
import { saveResult } from './report-result.ts';

/** @throws what interrupted it, when the next cycle may try again */
export async function downloadTargets(context: StepContext, signal: AbortSignal): Promise<CycleEvent> {
  const confirmed = await confirmUpdate(context);
  if (confirmed.kind !== 'confirmed') return confirmed;
  const { correlationId, medium } = confirmed.update;
  const images = medium && context.media?.open(medium.directory).images;
  const targets = confirmed.targets.filter((target) => isFetchedHere(context, target));
  const failures: { readonly name: string; readonly error: Failure }[] = [];
  const outcomes = await severalAtATime(targets, context.parallelDownloads ?? 1, signal, (target, ended) =>
    downloadTarget(context, target, correlationId, {
      signal: ended,
      ...(images && { medium: images }),
      onFailure: (error) => {
        failures.push({ name: target.name, error });
        saveFailures(context, failures, correlationId);
      },
    }),
  );
  const [failed] = failures;
  if (failed !== undefined) return { kind: 'DownloadFailed', error: failed.error };
  for (const outcome of outcomes) if (outcome.kind === 'interrupted') throw outcome.error;
  return { kind: 'AllTargetsFetched' };
}

/** Outcomes never end the others; what is thrown (an abort, a defect) ends them all. */
async function severalAtATime(
  targets: readonly VerifiedTarget[],
  limit: number,
  signal: AbortSignal,
  work: (target: VerifiedTarget, signal: AbortSignal) => Promise<TargetOutcome>,
): Promise<readonly TargetOutcome[]> {
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  const outcomes: TargetOutcome[] = [];
  const waiting = targets.values();
  const lane = async (): Promise<void> => {
    for (const target of waiting) outcomes.push(await work(target, ended));
  };
  const lanes = Array.from({ length: Math.min(limit, targets.length) }, () =>
    lane().catch((error: unknown) => {
      if (!ending.signal.aborted) ending.abort(error);
    }),
  );
  await Promise.all(lanes);
  if (ending.signal.aborted) throw ending.signal.reason;
  return outcomes;
}

type Named = { readonly name: string; readonly error: Failure };

function saveFailures(context: StepContext, failures: readonly Named[], correlationId: string): void {
  const details = failures.map(({ name, error }) => {
    const detail = error instanceof MetadataError ? `${error.wireCode}: ${error.message}` : error.message;
    return failures.length === 1 ? detail : `${name}: ${detail}`;
  });
  saveResult(context, {
    success: false,
    code: 'DOWNLOAD_FAILED',
    description: `Target download failed. ${details.join(' ')}`,
    rawReport: 'Target download failed.',
    correlationId,
  });
}
