// Ends an installation that waited: after a reboot the package manager says whether the pending version came up; a Secondary
// says it by its report. Who is not ready yet is asked again. An update that names nobody who waits (this Primary was
// registered anew meanwhile) has nothing to end. client-protocol 6.3 step 2, 11.3; client-features INS-09.
import { restoreTarget, type CycleState } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { primaryOf, type StepContext } from './context.ts';
import { Installation, type Assigned } from './ecu-outcome.ts';
import { finalizePrimary, MAX_BOOTS_ON_TRIAL } from './finalize-primary.ts';
import { finalizeSecondary } from './finalize-secondary.ts';
import { outcomeOf } from './install-update.ts';

export async function finalizeInstall(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const waiting = waitingFor(context, state);
  if (waiting === undefined || state.kind !== 'Finalizing') return { kind: 'UpdateWithdrawn' };
  const { installation, assigned } = waiting;
  const primary = primaryOf(context).serial;
  for (const one of assigned) {
    if (one.ecu !== primary)
      await finalizeSecondary(context, { installation, one, waitsSinceMs: state.waitsSinceMs });
    else if (state.bootId === context.bootId) installation.wait(primary);
    else await finalizePrimary(context, { installation, one, trial: state.trial });
  }
  await context.reports.flush();
  if (installation.isOnTrial() && (state.trial?.boots ?? 0) > MAX_BOOTS_ON_TRIAL)
    return { kind: 'FoundUnhealthy', reason: `it was not found healthy in ${MAX_BOOTS_ON_TRIAL} boots` };
  return outcomeOf(context, installation);
}

export type Waiting = { readonly installation: Installation; readonly assigned: readonly Assigned[] };

/** Those whose rows say that they wait; undefined when nobody does: the original's client may have ended it meanwhile. */
export function waitingFor(context: StepContext, state: CycleState): Waiting | undefined {
  if (!('update' in state)) return undefined;
  const { installations } = context.storage;
  const assigned = state.update.targets
    .map(restoreTarget)
    .flatMap((target) => [...target.ecus.keys()].map((ecu) => ({ ecu, target })))
    .filter(({ ecu, target }) => installations.pending(ecu)?.name === target.name);
  if (assigned.length === 0) return undefined;
  const ecus = assigned.map(({ ecu }) => ecu);
  return { installation: new Installation(context, state.update, ecus), assigned };
}
