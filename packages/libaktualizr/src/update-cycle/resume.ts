// What a restart found: a command that was running is interrupted, before anything else may happen.
import type { CycleStore } from '../ports.ts';
import type { CycleState } from './states.ts';
import { transition } from './transitions.ts';

/** Answers the state that was found; the one that it falls back to is saved. */
export function noteInterruption(store: CycleStore): CycleState {
  const found = store.load();
  const { state } = transition(found, { kind: 'Interrupted' });
  if (state !== found) store.save(state);
  return found;
}
