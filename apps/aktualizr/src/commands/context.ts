// What every command gets: the library, the words for people, and what the command line said.
import type { Aktualizr } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { Clock } from '@ota-connect/libaktualizr/ports';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

export type CommandContext = {
  readonly aktualizr: Aktualizr;
  readonly clock: Clock;
  readonly config: Config;
  readonly output: Output;
  readonly campaignId: string | undefined;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly stop: AbortSignal;
};

export type Command = (context: CommandContext) => Promise<ExitCode>;
