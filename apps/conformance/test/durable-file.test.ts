import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { makeFolder, writeDurably } from '../src/durable-file.ts';
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

describe('a folder', () => {
  it('is made with those above it, and is fine when it is there', () => {
    const { folder, remove } = temporaryFolder();
    const deep = path.join(folder, 'a', 'b', 'c');
    assert.equal(makeFolder(deep), deep);
    assert.equal(makeFolder(deep), deep);
    assert.deepEqual(readdirSync(deep), []);
    remove();
  });

  it('is an error and no endless wait, where the folder above takes no entries', () => {
    const module = JSON.stringify(import.meta.resolve('../src/durable-file.ts'));
    const code = `import { makeFolder } from ${module}; try { makeFolder('/proc/s/t'); } catch (error) { console.log(error.family, error.code); }`;
    const args = ['--input-type=module', '--eval', code];
    const { stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    assert.equal(stdout, 'StorageError io\n');
  });
});
