// After the reboot: asks the package manager whether the pending version came up, and ends the installation. An update that
// names nothing for this Primary (it was registered anew meanwhile) has nothing to end.
// client-protocol 11.3.
import { restoreTarget, type CycleState } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { primaryOf, type StepContext } from './context.ts';
import { complete } from './install-primary.ts';

export async function finalizeInstall(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const update = 'update' in state ? state.update : undefined;
  const primary = primaryOf(context).serial;
  const stored = update?.targets.find(({ ecus }) => ecus.some(([serial]) => serial === primary));
  if (update === undefined || stored === undefined) return { kind: 'UpdateWithdrawn' };
  const target = restoreTarget(stored);
  const result = await context.packageManager.finalize(target);
  const event = complete(context, target, { update, result });
  await context.reports.flush();
  return event;
}
