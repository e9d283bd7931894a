// A new version that runs is good when the health check says so within the grace period; else the package manager returns to
// the version before. The row of the version stays pending until one of both has happened, so that no power cut decides it,
// and the original, should it take over, ends the installation by its own rules. client-features W-39, FIO-10.
import { hashesAgree } from '@ota-connect/uptane';
import { InstallError } from '../errors.ts';
import type { InstallationResult } from '../ports.ts';
import type { CycleState } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { primaryOf, type StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';
import { waitingFor, type Waiting } from './finalize-install.ts';
import { outcomeOf } from './install-update.ts';

/** Runs of a rollback that were begun, ended or not. */
export const MAX_ROLLBACKS = 3;

const WITHDRAWN: CycleEvent = { kind: 'UpdateWithdrawn' };

/** One look at the health of the new version. */
export async function judgeHealth(
  context: StepContext,
  state: CycleState,
  signal: AbortSignal,
): Promise<CycleEvent> {
  const found = onTrial(context, state);
  if (found === undefined || state.kind !== 'Probation') return WITHDRAWN;
  const { good, detail } = (await context.health?.isGood(signal)) ?? { good: true, detail: '' };
  if (context.health !== undefined) context.events.emit({ kind: 'HealthChecked', good, detail });
  if (good) {
    await context.bootloader.good();
    return endWith(context, found, { success: true, code: 'OK', description: 'Installed and found healthy' });
  }
  const uptimeMs = context.sentinel.uptimeMs();
  const ranMs = state.trial.ranMs + Math.max(0, uptimeMs - state.sinceMs);
  if (ranMs >= context.graceMs) return { kind: 'FoundUnhealthy', reason: detail };
  context.log('info', `The new version is not yet healthy: ${detail}`);
  return { kind: 'NotYetHealthy', ranMs, uptimeMs };
}

/** Back to the version before; where that is not possible the new one stays, and the server hears both. */
export async function rollBack(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const found = onTrial(context, state);
  if (found === undefined || state.kind !== 'RollingBack') return WITHDRAWN;
  context.log('error', `The new version is not healthy (${state.reason}); going back.`);
  const result = await runRollback(context, found.primary, state.tries);
  if (result.code === 'NEED_COMPLETION') {
    // What boots next is known to be good.
    await context.bootloader.good();
    context.sentinel.announce();
    return { kind: 'NeedsCompletion', bootId: context.bootId };
  }
  if (!result.success) return stay(context, found, `${unhealthy(state.reason)}; ${result.description}`);
  await context.bootloader.good();
  return endWith(context, found, failed(unhealthy(state.reason)));
}

/** After the reboot into the version before. */
export async function finalizeRollback(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const found = onTrial(context, state);
  if (found === undefined || state.kind !== 'FinalizingRollback') return WITHDRAWN;
  const current = await context.packageManager.current();
  const { target } = found.primary;
  await context.bootloader.good();
  if (current?.name === target.name && hashesAgree(current.hashes, target.hashes))
    return stay(context, found, `${unhealthy(state.reason)}; the version before did not come up`);
  return endWith(context, found, failed(unhealthy(state.reason)));
}

type OnTrial = Waiting & { readonly primary: Assigned };

/** undefined: somebody else, as the original's client, has ended it meanwhile. */
function onTrial(context: StepContext, state: CycleState): OnTrial | undefined {
  const waiting = waitingFor(context, state);
  const { serial } = primaryOf(context);
  const primary = waiting?.assigned.find(({ ecu }) => ecu === serial);
  return waiting === undefined || primary === undefined ? undefined : { ...waiting, primary };
}

async function runRollback(
  { packageManager }: StepContext,
  { target }: Assigned,
  tries: number,
): Promise<InstallationResult> {
  if (packageManager.rollback === undefined)
    return failed(`the package manager ${packageManager.name} knows no way back`);
  if (tries > MAX_ROLLBACKS) return failed(`the way back was interrupted ${MAX_ROLLBACKS} times`);
  try {
    return await packageManager.rollback(target);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    return failed(error.message);
  }
}

function stay(context: StepContext, found: OnTrial, description: string): Promise<CycleEvent> {
  return finish(context, found, (installation) => installation.end(found.primary, failed(description), true));
}

function endWith(context: StepContext, found: OnTrial, result: InstallationResult): Promise<CycleEvent> {
  return finish(context, found, (installation) => installation.end(found.primary, result));
}

async function finish(
  context: StepContext,
  { installation, primary, assigned }: OnTrial,
  end: (installation: Installation) => void,
): Promise<CycleEvent> {
  for (const { ecu } of assigned) if (ecu !== primary.ecu) installation.wait(ecu);
  end(installation);
  context.sentinel.withdraw();
  await context.reports.flush();
  return outcomeOf(context, installation);
}

function failed(description: string): InstallationResult {
  return { success: false, code: 'INSTALL_FAILED', description };
}

function unhealthy(reason: string): string {
  return `The new version was not healthy: ${reason}`;
}
