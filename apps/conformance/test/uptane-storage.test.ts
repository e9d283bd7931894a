import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { metadataStoreContract } from '@ota-connect/testkit';
import { metadataFolder } from '../src/metadata-folder.ts';
import { saveRootAndForget } from '../src/save-root.ts';
import { openUptaneStorage } from '../src/uptane-storage.ts';
import { temporaryFolder } from './served.ts';

metadataStoreContract(() => {
  const { folder, remove } = temporaryFolder();
  const open = () => openUptaneStorage(folder).repository('image');
  return { store: open(), reopen: open, close: remove };
});

describe('storage of uptane-client', () => {
  for (const [title, open] of [
    ['uptane-client', (folder: string) => openUptaneStorage(folder).repository('image')],
    ['tuf-client', metadataFolder],
  ] as const) {
    it(`ends what a Root began to forget, when the power went in between (${title})`, () => {
      const { folder, remove } = temporaryFolder();
      const note = path.join(folder, title === 'tuf-client' ? '.' : 'image', 'root.forgets');
      const root = (version: number) => Buffer.from(JSON.stringify({ signed: { version } }));
      const store = open(folder);
      store.save('root', root(1), 1);
      store.save('timestamp', Buffer.from('t'), 1);
      store.save('targets', Buffer.from('t'), 1);
      writeFileSync(note, '{"version":2,"forget":["timestamp"]}');
      const unsaved = open(folder);
      assert.notEqual(unsaved.load('timestamp'), undefined);
      unsaved.save('root', root(2), 2);
      writeFileSync(note, '{"version":2,"forget":["timestamp"]}');
      const saved = open(folder);
      assert.equal(saved.load('timestamp'), undefined);
      assert.notEqual(saved.load('targets'), undefined);
      assert.equal(existsSync(note), false);
      remove();
    });
  }

  it('notes what a Root forgets before it is saved', () => {
    const { folder, remove } = temporaryFolder();
    const note = path.join(folder, 'note');
    const order: string[] = [];
    const store = {
      save: () => order.push(`save, ${existsSync(note) ? 'noted' : 'not noted'}`),
      loadRoot: () => new Uint8Array(),
      remove: () => order.push('remove'),
    };
    saveRootAndForget(note, store, { bytes: new Uint8Array(), version: 2, forget: ['snapshot'] });
    assert.deepEqual(order, ['save, noted', 'remove']);
    assert.equal(existsSync(note), false);
    remove();
  });

  it('keeps the highest release counter of each ECU', () => {
    const { folder, remove } = temporaryFolder();
    const storage = openUptaneStorage(folder);
    assert.equal(storage.releaseCounterFloor('a'), undefined);
    for (const counter of [3, 5, 4]) storage.raiseReleaseCounterFloor('a', counter);
    storage.raiseReleaseCounterFloor('../b', 0);
    const again = openUptaneStorage(folder);
    assert.equal(again.releaseCounterFloor('a'), 5);
    assert.equal(again.releaseCounterFloor('../b'), 0);
    remove();
  });

  it('does not take a broken counter for none', () => {
    const { folder, remove } = temporaryFolder();
    mkdirSync(path.join(folder, 'release-counters'));
    for (const text of ['', 'x', '-1', '1.5']) {
      writeFileSync(path.join(folder, 'release-counters', 'a'), text);
      assert.throws(() => openUptaneStorage(folder).releaseCounterFloor('a'), { code: 'corrupt' });
    }
    remove();
  });
});
