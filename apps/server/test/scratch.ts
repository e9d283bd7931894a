// A context without listeners, for tests of the platform and of single modules: real database, real files.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config.ts';
import { openFsBlobStore } from '../src/platform/blobs/fs-blob-store.ts';
import type { Context } from '../src/platform/context.ts';
import { openDatabase } from '../src/platform/db/database.ts';
import { migrate } from '../src/platform/db/migrate.ts';
import { createLog } from '../src/platform/log.ts';
import { openVault } from '../src/platform/vault/open-vault.ts';
import { migrations } from '../src/wiring.ts';
import { manualClock, type ManualClock } from './app.ts';
import { scratchFolder } from './scratch-folder.ts';

export type ScratchContext = Context & { readonly clock: ManualClock; dispose(): Promise<void> };

/** `dataDir`: one that an earlier context left; it is then not removed at the end. */
export async function scratchContext(dataDir: string = scratchFolder()): Promise<ScratchContext> {
  const config = loadConfig({ dataDir, logLevel: 'silent' });
  const clock = manualClock();
  const db = openDatabase(join(dataDir, 'ota-connect.db'));
  await migrate(db, clock, migrations);
  return {
    db,
    clock,
    config,
    log: createLog('silent'),
    blobs: await openFsBlobStore(join(dataDir, 'blobs')),
    vault: await openVault(db, config),
    urls: { api: 'http://localhost:1', gateway: 'https://localhost:2' },
    async dispose() {
      await db.destroy();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
