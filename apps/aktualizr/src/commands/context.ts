// What every command gets: the library, the words for people, and what was asked for. The same for a process of its own
// and for one that the daemon carries out.
import type { Aktualizr } from '@ota-connect/libaktualizr';
import type { Told } from '../outcome.ts';
import type { Output } from '../output.ts';

export type CommandInput = {
  readonly campaignId?: string | undefined;
  /** Of a lockbox. */
  readonly directory?: string | undefined;
};

export type CommandContext = CommandInput & {
  readonly aktualizr: Aktualizr;
  readonly output: Output;
  /** Ends this command alone. */
  readonly signal: AbortSignal;
};

export type Command = (context: CommandContext) => Promise<Told>;
