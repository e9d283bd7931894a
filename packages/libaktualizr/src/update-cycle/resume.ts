// What a restart found: feeds the event that the saved state needs before anything else may happen.
// A command that was running is interrupted; an installation that waited for a reboot is finalised when the boot changed.
import type { CycleStore } from '../ports.ts';
import { transition } from './transitions.ts';
import { feed, type Commands, type Reached } from './run.ts';

/** Returns what was finalised, or undefined when there was nothing to do but to note the interruption. */
export async function resume(
  store: CycleStore,
  commands: Commands,
  bootId: string,
  signal: AbortSignal,
): Promise<Reached | undefined> {
  const found = store.load();
  const { state } = transition(found, { kind: 'Interrupted' });
  if (state !== found) store.save(state);
  if (state.kind !== 'AwaitingReboot' || state.bootId === bootId) return undefined;
  return feed(store, commands, { kind: 'RebootDetected' }, signal);
}
