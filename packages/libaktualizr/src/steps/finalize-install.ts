// Ends an installation that waited: after a reboot the package manager says whether the pending version came up; a Secondary
// says it by its report. Who is not ready yet is asked again. An update that names nobody who waits (this Primary was
// registered anew meanwhile) has nothing to end. client-protocol 6.3 step 2, 11.3; client-features INS-09.
import { restoreTarget, type CycleState, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { primaryOf, type StepContext } from './context.ts';
import { Installation, type Assigned } from './ecu-outcome.ts';
import { finalizeSecondary } from './finalize-secondary.ts';
import { outcomeOf } from './install-update.ts';

export async function finalizeInstall(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const update = 'update' in state ? state.update : undefined;
  const waiting = update === undefined ? [] : waitingOf(context, update);
  if (update === undefined || waiting.length === 0) return { kind: 'UpdateWithdrawn' };
  const installation = new Installation(
    context,
    update,
    waiting.map(({ ecu }) => ecu),
  );
  const isRebooted = !(state.kind === 'Finalizing' && state.bootId === context.bootId);
  for (const one of waiting) await finalizeOne(context, { installation, one, isRebooted });
  await context.reports.flush();
  return outcomeOf(context, installation);
}

/** Where no row says who waits, the Primary: what the original leaves there may be less. */
function waitingOf(context: StepContext, { targets }: Update): readonly Assigned[] {
  const { installations } = context.storage;
  const assigned = targets
    .map(restoreTarget)
    .flatMap((target) => [...target.ecus.keys()].map((ecu) => ({ ecu, target })));
  const waiting = assigned.filter(({ ecu, target }) => installations.pending(ecu)?.name === target.name);
  const primary = primaryOf(context).serial;
  return waiting.length > 0 ? waiting : assigned.filter(({ ecu }) => ecu === primary);
}

type Work = {
  readonly installation: Installation;
  readonly one: Assigned;
  readonly isRebooted: boolean;
};

async function finalizeOne(context: StepContext, { installation, one, isRebooted }: Work): Promise<void> {
  if (one.ecu !== primaryOf(context).serial) return finalizeSecondary(context, installation, one);
  if (!isRebooted) return installation.wait(one.ecu);
  installation.end(one, await context.packageManager.finalize(one.target));
}
