// One check: network information if it changed, the manifest, then the metadata of both repositories. What failed too
// often under its correlation ID is left alone. client-protocol 6.3; Uptane Standard #full_verification.
import { TransportError } from '../errors.ts';
import { MAX_ATTEMPTS, targetKey } from './attempts.ts';
import type { StepContext } from './context.ts';
import { sendChangedNetworkInfo } from './send-device-data.ts';
import { sendManifest } from './send-manifest.ts';
import { verifyUpdates } from './verify-updates.ts';
import { storeTarget, type CycleState, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';

/** @throws TransportError when a server cannot be asked */
export async function checkUpdates(context: StepContext, state: CycleState): Promise<CycleEvent> {
  await sendChangedNetworkInfo(context);
  await reportFirst(context);
  return judge(context, 'servers', state);
}

/** The same verdict from what is stored: no network, no manifest. */
export function recheckUpdates(context: StepContext, state: CycleState): Promise<CycleEvent> {
  return judge(context, 'storage', state);
}

/** A Director that does not take the manifest may still have an update that mends that; one out of reach has none. */
async function reportFirst(context: StepContext): Promise<void> {
  try {
    await sendManifest(context);
  } catch (error) {
    if (!(error instanceof TransportError) || error.code !== 'http_status') throw error;
    context.log('warning', `The manifest was not accepted: ${error.message}`);
  }
}

async function judge(
  context: StepContext,
  from: 'servers' | 'storage',
  state: CycleState,
): Promise<CycleEvent> {
  const verdict = await verifyUpdates(context, from, state);
  if (verdict.kind === 'MetadataRefused' || verdict.kind === 'MetadataRefusedAgain') return verdict;
  const targets = verdict.kind === 'updates' ? verdict.targets : [];
  context.events.emit({ kind: 'UpdateCheckComplete', targets: targets.map(({ name }) => name) });
  if (verdict.kind === 'nothing_new') return { kind: 'NothingNew' };
  const update: Update = { correlationId: verdict.correlationId ?? '', targets: targets.map(storeTarget) };
  const isBlocked = targets.some(
    (target) =>
      context.storage.cycle.attempts(targetKey(target.hashes), verdict.correlationId ?? '') >= MAX_ATTEMPTS,
  );
  return { kind: isBlocked ? 'TargetsBlocked' : 'TargetsFound', update };
}
