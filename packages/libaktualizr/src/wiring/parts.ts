// What every part of the wiring is made from.
import type { Config } from '../config/config.ts';
import type { SqliteStorage } from '../adapters/storage/sqlite-storage.ts';
import type { CommandQueue } from '../command-queue.ts';
import type { Clock, EcuIdentity } from '../ports.ts';
import type { SecondaryList } from '../secondaries/secondary-list.ts';
import type { Log } from '../steps/context.ts';
import type { AktualizrOptions } from './options.ts';

export type Parts = {
  readonly config: Config;
  readonly options: AktualizrOptions;
  readonly storage: SqliteStorage;
  readonly primary: EcuIdentity;
  /** The X.509 signature of the TLS key, when that is in a token. */
  readonly tokenSignature: ((message: Uint8Array) => Uint8Array) | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly secondaries: SecondaryList;
  /** The signal of the verb that runs ends the requests that are under way. */
  readonly queue: CommandQueue;
};
