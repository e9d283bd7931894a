import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { metadataStoreContract } from '@ota-connect/testkit';

import { openStorage } from '../src/adapters/storage/sqlite-storage.ts';
import { defaultConfig } from '../src/config/defaults.ts';

metadataStoreContract(() => {
  const directory = mkdtempSync(join(tmpdir(), 'aktualizr-'));
  let storage = openStorage({ ...defaultConfig().storage, path: directory });
  return {
    store: storage.metadata.image,
    reopen: () => {
      storage.close();
      storage = openStorage({ ...defaultConfig().storage, path: directory });
      return storage.metadata.image;
    },
    close: () => {
      storage.close();
      rmSync(directory, { recursive: true });
    },
  };
});
