// Runs the transition table: the next state is saved, then its command runs, then the command's event is fed back,
// until a state asks for nothing more. A command that throws is an interruption: the state falls back to where the
// next request can start, and the error goes to the caller. ARCHITECTURE 4.8.
import type { CycleStore } from '../ports.ts';
import type { CycleState } from './states.ts';
import { transition, type CycleCommand, type CycleEvent } from './transitions.ts';

export type Commands = {
  readonly [command in Exclude<CycleCommand, 'none'>]: (
    state: CycleState,
    signal: AbortSignal,
  ) => Promise<CycleEvent>;
};

/** The state that was reached and the event that led there. */
export type Reached = { readonly state: CycleState; readonly last: CycleEvent };

export async function feed(
  store: CycleStore,
  commands: Commands,
  first: CycleEvent,
  signal: AbortSignal,
): Promise<Reached> {
  let event = first;
  for (;;) {
    const { state, command } = transition(store.load(), event);
    store.save(state);
    if (command === 'none') return { state, last: event };
    try {
      event = await commands[command](state, signal);
    } catch (error) {
      store.save(transition(state, { kind: 'Interrupted' }).state);
      throw error;
    }
  }
}
