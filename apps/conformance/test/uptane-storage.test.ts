import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { metadataStoreContract } from '@ota-connect/testkit';
import { openUptaneStorage } from '../src/uptane-storage.ts';
import { temporaryFolder } from './served.ts';

metadataStoreContract(() => {
  const { folder, remove } = temporaryFolder();
  const open = () => openUptaneStorage(folder).repository('image');
  return { store: open(), reopen: open, close: remove };
});

describe('storage of uptane-client', () => {
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
