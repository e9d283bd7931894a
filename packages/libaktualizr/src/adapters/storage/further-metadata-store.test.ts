import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataStoreContract } from '@ota-connect/testkit';
import { defaultConfig } from '../../config/defaults.ts';
import { openStorage } from './sqlite-storage.ts';

function openFurther() {
  const path = mkdtempSync(join(tmpdir(), 'further-'));
  let storage = openStorage({ ...defaultConfig().storage, path });
  return {
    storage: () => storage,
    store: storage.metadata.further('supplier'),
    reopen: () => {
      storage.close();
      storage = openStorage({ ...defaultConfig().storage, path });
      return storage.metadata.further('supplier');
    },
    close: () => {
      storage.close();
      rmSync(path, { recursive: true });
    },
  };
}

metadataStoreContract(openFurther);

describe('metadata of further repositories', () => {
  it('are kept apart from each other, and a delegation from a top-level role of its name', () => {
    const { storage, store, close } = openFurther();
    store.save('targets', Buffer.from('theirs'), 1);
    store.save({ delegation: 'targets' }, Buffer.from('delegated'), 1);
    const other = storage().metadata.further('other');
    assert.equal(other.load('targets'), undefined);
    assert.equal(storage().metadata.image.load('targets'), undefined);
    assert.equal(Buffer.from(store.load('targets') ?? []).toString(), 'theirs');
    close();
  });
});
