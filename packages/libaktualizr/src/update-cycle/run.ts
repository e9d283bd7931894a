// Runs the transition table: the next state is saved, then its command runs, then the command's event is fed back,
// until a state asks for nothing more. A command that throws is an interruption: the state falls back to where the
// next request can start, and the error goes to the caller. ARCHITECTURE 4.8.
import type { CycleStore } from '../ports.ts';
import type { CycleState } from './states.ts';
import { transition, type CycleCommand, type CycleEvent } from './transitions.ts';

type Command = Exclude<CycleCommand, 'none'>;

export type Commands = {
  /** In a state that is saved. */
  run(command: Command, state: CycleState, signal: AbortSignal): Promise<CycleEvent>;
  /** Told what came of it, after the state that follows is saved. */
  ended(command: Command, state: CycleState, ended: CycleEvent | Error): Promise<void>;
};

/** The state that was reached and the event that led there. */
export type Reached = { readonly state: CycleState; readonly last: CycleEvent };

/**
 * A state whose command ran is one that was interrupted: only one runs at a time, and the disk did not take the state that
 * it should have fallen back to.
 */
function settled(state: CycleState): CycleState {
  return transition(state, { kind: 'Interrupted' }).state;
}

export async function feed(
  store: CycleStore,
  commands: Commands,
  first: CycleEvent,
  signal: AbortSignal,
): Promise<Reached> {
  let event = first;
  let ran: { readonly command: Command; readonly state: CycleState } | undefined;
  for (;;) {
    const { state, command } = transition(event === first ? settled(store.load()) : store.load(), event);
    store.save(state);
    if (ran !== undefined) await commands.ended(ran.command, ran.state, event);
    if (command === 'none') return { state, last: event };
    ran = { command, state };
    try {
      event = await commands.run(command, state, signal);
    } catch (error) {
      store.save(transition(state, { kind: 'Interrupted' }).state);
      if (error instanceof Error) await commands.ended(command, state, error);
      throw error;
    }
  }
}
