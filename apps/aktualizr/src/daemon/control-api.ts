// What the daemon offers to whoever is let in, by whichever door: the control socket and D-Bus are two ways to the same
// verbs, with the same outcomes. docs/guides/commands.md.
import type { EventListener } from '@ota-connect/libaktualizr';
import type { CommandInput } from '../commands/context.ts';
import type { CommandName } from '../commands/index.ts';
import type { Outcome } from '../outcome.ts';
import type { Line } from '../output.ts';

export type Performance = CommandInput & {
  /** Gets what a person would read: the command's own lines, and what the library says meanwhile. */
  readonly onLine: (line: Line) => void;
  /** Ends this command alone. */
  readonly signal: AbortSignal;
};

export const CONTROL_WORDS = ['pause', 'resume', 'abort', 'reload'] as const;

export type ControlWord = (typeof CONTROL_WORDS)[number];

export type ControlApi = {
  status(): Outcome;
  /** Never throws: an error is an outcome too. */
  perform(command: CommandName, performance: Performance): Promise<Outcome>;
  control(word: ControlWord): Promise<Outcome>;
  /** Every event of the library from now on; call what it answers to end that. */
  subscribe(listener: EventListener): () => void;
};
