// What every module is given: the world of one running server. No module keeps any of it in a variable of its own.
import type { Config } from '../config.ts';
import type { BlobStore } from './blobs/blob-store.ts';
import type { Clock } from './clock.ts';
import type { Database } from './db/database.ts';
import type { Logger } from './log.ts';
import type { KeyVault } from './vault/key-vault.ts';

export type Context = {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly blobs: BlobStore;
  readonly vault: KeyVault;
  readonly config: Config;
  /** Where the listeners are reached; known once they listen. */
  readonly urls: { readonly api: string; readonly gateway: string };
};
