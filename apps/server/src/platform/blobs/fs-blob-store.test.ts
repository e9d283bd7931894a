import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { scratchFolder } from '../../../test/scratch-folder.ts';
import { openFsBlobStore } from './fs-blob-store.ts';

const bytes = Buffer.from('0123456789'.repeat(1000));

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).toSorted();
}

describe('file system blob store', () => {
  it('stores a stream, tells its hashes, and reads any part of it', async () => {
    const store = await openFsBlobStore(scratchFolder());
    const stored = await store.put('key-1', Readable.from([bytes.subarray(0, 77), bytes.subarray(77)]), {
      lengthBytes: bytes.length,
    });
    assert.equal(stored.hashes.sha256, createHash('sha256').update(bytes).digest('hex'));
    assert.equal(stored.hashes.sha512, createHash('sha512').update(bytes).digest('hex'));
    assert.deepEqual(await buffer(store.read('key-1')), bytes);
    assert.equal((await buffer(store.read('key-1', { first: 3, last: 12 }))).toString(), '3456789012');
    assert.deepEqual(await store.keys(), ['key-1']);
    await store.remove('key-1');
    await store.remove('key-1');
    assert.equal(await store.has('key-1'), false);
  });

  for (const [what, source] of [
    ['ends early', Readable.from([bytes.subarray(0, 50)])],
    ['is longer than stated', Readable.from([bytes, bytes])],
    [
      'breaks',
      Readable.from(
        (async function* () {
          yield bytes.subarray(0, 50);
          throw new Error('connection lost');
        })(),
      ),
    ],
  ] as const) {
    it(`leaves nothing, when the stream ${what}`, async () => {
      const folder = scratchFolder();
      const store = await openFsBlobStore(folder);
      await assert.rejects(store.put('key-1', source, { lengthBytes: bytes.length }), {
        code: 'upload_incomplete',
      });
      assert.deepEqual(files(folder), ['unfinished']);
    });
  }

  it('says that the disk is full, leaves nothing, and does not break the connection the stream came over', async () => {
    const folder = scratchFolder();
    const store = await openFsBlobStore(folder);
    symlinkSync('/dev/full', join(folder, 'unfinished', 'key-1'));
    const source = Readable.from(Array.from({ length: 500 }, () => bytes));
    const putting = store.put('key-1', source, { lengthBytes: bytes.length * 500 });
    await assert.rejects(putting, { code: 'storage_unavailable' });
    assert.equal(source.destroyed, false);
    assert.deepEqual(files(folder), ['unfinished']);
  });

  it('removes at start what a killed process left half-written', async () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'unfinished'));
    writeFileSync(join(folder, 'unfinished', 'half'), 'x');
    await openFsBlobStore(folder);
    assert.deepEqual(files(folder), ['unfinished']);
  });

  it('refuses a key that could leave its folder', async () => {
    const store = await openFsBlobStore(scratchFolder());
    assert.throws(() => store.read('../etc'), { code: 'invariant_broken' });
  });
});
