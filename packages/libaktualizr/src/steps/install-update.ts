// Installs an update on the whole vehicle: images verified, Secondaries at hand, metadata and images with all of them
// before anything changes anywhere; then the Primary, then the Secondaries side by side. Who failed before anything changed
// ends the update for all. client-protocol 6.6; client-features W-15; Uptane Standard #install_image_secondary.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { confirmUpdate } from './confirm-update.ts';
import { primaryOf, type StepContext } from './context.ts';
import { Installation, type Assigned } from './ecu-outcome.ts';
import { isFetchedHere } from './fetched-here.ts';
import { installPrimary } from './install-primary.ts';
import { installSecondaries } from './install-secondaries.ts';
import { prepareSecondaries } from './prepare-secondaries.ts';
import { recordAttack } from './record-attack.ts';

export async function installUpdate(context: StepContext, signal: AbortSignal): Promise<CycleEvent> {
  const confirmed = await confirmUpdate(context);
  if (confirmed.kind !== 'confirmed') return confirmed;
  const { update, targets } = confirmed;
  const unusable = await findUnusable(context, targets);
  if (unusable !== undefined) return unusable;
  const assigned = assignedBy(context, targets);
  if (assigned.length === 0) return { kind: 'UpdateWithdrawn' };
  const installation = new Installation(
    context,
    update,
    assigned.map(({ ecu }) => ecu),
  );
  const refused = await prepareSecondaries(context, { installation, assigned }, signal);
  if (refused !== undefined) return { kind: 'InstallationCompleted', result: refused };
  await installAll(context, { installation, assigned }, signal);
  return outcomeOf(context, installation);
}

/** In the order of the registration. */
function assignedBy({ storage }: StepContext, targets: readonly VerifiedTarget[]): readonly Assigned[] {
  return storage.identity.ecus().flatMap(({ serial: ecu }) => {
    const target = targets.find(({ ecus }) => ecus.has(ecu));
    return target === undefined ? [] : [{ ecu, target }];
  });
}

/** Also of what was completed later: done, or still waiting for somebody. */
export function outcomeOf({ bootId, clock, sentinel }: StepContext, installation: Installation): CycleEvent {
  if (installation.isOnTrial()) return { kind: 'ProbationBegan', bootId, uptimeMs: sentinel.uptimeMs() };
  const result = installation.result();
  return result === undefined
    ? { kind: 'NeedsCompletion', bootId, nowMs: Math.max(0, clock.now()) }
    : { kind: 'InstallationCompleted', result };
}

async function findUnusable(
  context: StepContext,
  targets: readonly VerifiedTarget[],
): Promise<CycleEvent | undefined> {
  for (const target of targets) {
    if (!isFetchedHere(context, target)) continue;
    const found = await context.packageManager.verify(target);
    if (found === 'tampered') recordAttack(context, tampered(), target.name);
    if (found !== 'verified') return { kind: 'ImageNotUsable', target: target.name, reason: found };
  }
  return undefined;
}

async function installAll(
  context: StepContext,
  { installation, assigned }: { readonly installation: Installation; readonly assigned: readonly Assigned[] },
  signal: AbortSignal,
): Promise<void> {
  const primary = primaryOf(context).serial;
  const own = assigned.find(({ ecu }) => ecu === primary);
  const others = assigned.filter(({ ecu }) => ecu !== primary);
  if (own !== undefined) {
    const { success, code } = await installPrimary(context, installation, own);
    if (!success && code !== 'NEED_COMPLETION') return installation.leaveOut(others.map(({ ecu }) => ecu));
  }
  await installSecondaries(context, { installation, assigned: others }, signal);
}

function tampered(): MetadataError {
  return new MetadataError('TargetHashMismatch', 'The stored image is another one than was verified.');
}
