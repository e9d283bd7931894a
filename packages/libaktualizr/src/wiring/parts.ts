// What every part of the wiring is made from.
import type { Config } from '../config/config.ts';
import type { SqliteStorage } from '../adapters/storage/sqlite-storage.ts';
import type { Clock, EcuIdentity } from '../ports.ts';
import type { Log } from '../steps/context.ts';
import type { AktualizrOptions } from './options.ts';

export type Parts = {
  readonly config: Config;
  readonly options: AktualizrOptions;
  readonly storage: SqliteStorage;
  readonly primary: EcuIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the requests that are under way. */
  readonly stop: AbortSignal | undefined;
};
