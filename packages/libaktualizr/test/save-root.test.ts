// A Root and what it forgets, in the database: a failure in the middle leaves both as they were.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStorage } from '../src/adapters/storage/sqlite-storage.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { temporaryFolder } from './support/test-device.ts';

/** A role that cannot be removed. */
const UNREMOVABLE = {
  get delegation(): string {
    throw new Error('the power goes');
  },
};

describe('a Root that forgets', () => {
  for (const name of ['image', 'maps'] as const) {
    it(`changes nothing of "${name}" when it is cut off [check_root/7]`, () => {
      const folder = temporaryFolder();
      const storage = openStorage({ ...defaultConfig().storage, path: folder.path });
      const store = name === 'image' ? storage.metadata.image : storage.metadata.further(name);
      store.save('root', Buffer.from('r1'), 1);
      store.save('timestamp', Buffer.from('t'), 1);
      assert.throws(() => store.saveRoot(Buffer.from('r2'), 2, ['timestamp', UNREMOVABLE]));
      assert.notEqual(store.load('timestamp'), undefined);
      assert.equal(store.loadRoot(2), undefined);
      storage.close();
      folder.remove();
    });
  }
});
