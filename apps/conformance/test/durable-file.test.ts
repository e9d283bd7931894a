import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { writeDurably } from '../src/durable-file.ts';
import { temporaryFolder } from './served.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a durable file', () => {
  it('is written beside and moved into place, and what was there stays until then', () => {
    const { folder, remove } = temporaryFolder();
    const file = path.join(folder, 'root.json');
    writeDurably(file, bytes('old'));
    writeDurably(file, bytes('new'));
    assert.deepEqual(readdirSync(folder), ['root.json']);
    mkdirSync(`${file}.new`);
    assert.throws(() => writeDurably(file, bytes('newer')), { family: 'StorageError', code: 'io' });
    assert.equal(readFileSync(file, 'utf8'), 'new');
    remove();
  });
});
