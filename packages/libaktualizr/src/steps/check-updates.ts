// One check: events that wait (an answer to a campaign may bring the update), network information if it changed, the
// manifest, then the metadata of both repositories. What failed too often under its correlation ID is left alone; an update
// that is known survives an answer that says nothing about it. client-protocol 6.3; Uptane Standard #full_verification.
import { MetadataError, secureImageRoot } from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import { MAX_ATTEMPTS, targetKey } from './attempts.ts';
import type { StepContext } from './context.ts';
import { sendChangedNetworkInfo } from './send-device-data.ts';
import { sendManifest } from './send-manifest.ts';
import { storedVerdict, verifyUpdates, type Refused } from './verify-updates.ts';
import { storeTarget, type CycleState, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';

/** @throws TransportError when a server cannot be asked */
export async function checkUpdates(context: StepContext, state: CycleState): Promise<CycleEvent> {
  await context.reports.flush();
  await sendChangedNetworkInfo(context);
  const isLater = await reportFirst(context);
  const event = await judge(context, 'servers');
  if (event.kind === 'MetadataRefused' || event.kind === 'MetadataRefusedAgain') {
    return (await stands(context, state, event))
      ? { kind: 'RefusedUpdateStands', error: event.error }
      : event;
  }
  if (event.kind === 'NothingNew') await secureImageSide(context);
  return isLater && event.kind === 'TargetsFound' ? afterTheReport(context, event) : event;
}

/**
 * A device that takes lockboxes gets its first Root of the Image repository from the server, at the first contact, and
 * never from a medium. client-features TDX-11
 */
async function secureImageSide(context: StepContext): Promise<void> {
  const { media, mapped, imageSource, storage, time, firstRoot, log } = context;
  const { image: store } = storage.metadata;
  if (media === undefined || mapped !== undefined || store.load('root') !== undefined) return;
  try {
    const own = firstRoot === undefined ? {} : { firstRoot };
    await secureImageRoot({ name: 'image', store, source: imageSource, ...own }, time.now());
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    log('warning', `There is no Root of the Image repository yet, which lockboxes need: ${error.message}`);
  }
}

/** The same verdict from what is stored: no network, no manifest. */
export function recheckUpdates(context: StepContext): Promise<CycleEvent> {
  return judge(context, 'storage');
}

/** Whether the update that was known before is neither ended by this refusal nor gone from what is stored. */
async function stands(context: StepContext, state: CycleState, refused: Refused): Promise<boolean> {
  const known = state.kind === 'Checking' ? state.before?.update : undefined;
  if (known === undefined || (refused.correlationId !== '' && refused.correlationId === known.correlationId))
    return false;
  const verdict = await storedVerdict(context);
  if (verdict?.kind !== 'updates' || (verdict.correlationId ?? '') !== known.correlationId) return false;
  const named = new Set(verdict.targets.map(({ hashes }) => targetKey(hashes)));
  return known.targets.every(({ hashes }) => named.has(targetKey(hashes)));
}

/**
 * A Director that does not take the manifest may still have an update that mends that; one out of reach has none.
 * Answers whether the manifest is worth another try later.
 */
async function reportFirst(context: StepContext): Promise<boolean> {
  try {
    await sendManifest(context);
    return false;
  } catch (error) {
    if (!(error instanceof TransportError) || error.code !== 'http_status') throw error;
    // A server that says when to come back is asked for nothing more until then.
    if (error.details.retryAfterSeconds !== undefined) throw error;
    context.log('warning', `The manifest was not accepted: ${error.message}`);
    return typeof error.details.status === 'number' && error.details.status >= 500;
  }
}

/** There is room for one result: the next update would overwrite one that the server has not heard of. */
function afterTheReport(
  context: StepContext,
  found: Extract<CycleEvent, { kind: 'TargetsFound' }>,
): CycleEvent {
  const waiting = context.storage.installations.results().device;
  if (waiting === undefined || waiting.correlationId === found.update.correlationId) return found;
  context.log('info', 'The next update waits until the server has taken the report of the last one.');
  return { kind: 'NothingNew' };
}

async function judge(
  context: StepContext,
  from: 'servers' | 'storage',
): Promise<Refused | Extract<CycleEvent, { kind: 'NothingNew' | 'TargetsFound' | 'TargetsBlocked' }>> {
  const verdict = await verifyUpdates(context, from);
  if (verdict.kind === 'MetadataRefused' || verdict.kind === 'MetadataRefusedAgain') return verdict;
  const targets = verdict.kind === 'updates' ? verdict.targets : [];
  if (verdict.kind === 'nothing_new') return { kind: 'NothingNew' };
  const update: Update = { correlationId: verdict.correlationId ?? '', targets: targets.map(storeTarget) };
  const isBlocked = targets.some(
    (target) =>
      context.storage.cycle.attempts(targetKey(target.hashes), verdict.correlationId ?? '') >= MAX_ATTEMPTS,
  );
  return { kind: isBlocked ? 'TargetsBlocked' : 'TargetsFound', update };
}
