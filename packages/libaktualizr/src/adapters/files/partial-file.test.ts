import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHasher, hashBytes } from '@ota-connect/uptane';
import { BLOCK_BYTES, journalOf, readJournal } from './journal.ts';
import { PartialFile } from './partial-file.ts';

const CONTENT = Buffer.alloc(20 * BLOCK_BYTES + 100);
for (let at = 0; at < CONTENT.length; at += 4) CONTENT.writeUInt32LE(Math.imul(at + 1, 2654435761) >>> 0, at);
const SIGNAL = new AbortController().signal;
const PIECE = 100_000;

describe('partial image', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'partial-'));
    file = join(folder, 'IMAGE');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (bootId = 'boot-1') =>
    new PartialFile({
      file,
      lengthBytes: CONTENT.length,
      algorithms: ['sha256'],
      newHasher: createHasher,
      bootId,
    });
  const receive = (partial: PartialFile, end: number) => {
    for (let at = partial.received; at < end; at += PIECE) {
      partial.put(CONTENT.subarray(at, Math.min(end, at + PIECE)), at);
    }
  };
  const sha256 = async (partial: PartialFile) => (await partial.hashes(SIGNAL)).sha256;
  /** As a run that was stopped left it: more than one sync, and something after it. */
  const leave = async () => {
    const partial = open();
    receive(partial, 17 * BLOCK_BYTES);
    await partial.close();
    const journal = readJournal(file);
    assert.equal(journal?.durableBytes, 17 * BLOCK_BYTES);
    const more = openSync(file, 'a');
    writeSync(more, CONTENT, 17 * BLOCK_BYTES, BLOCK_BYTES);
    closeSync(more);
  };
  const spoil = (at: number, bytes: number) => {
    const content = readFileSync(file);
    content.fill(0, at, at + bytes);
    writeFileSync(file, content);
  };

  it('is complete and right without being read again, when it arrived in one go', async () => {
    const partial = open();
    receive(partial, CONTENT.length);
    assert.equal(partial.isFresh, true);
    assert.equal(await sha256(partial), hashBytes(CONTENT).sha256);
    await partial.seal();
    await partial.close();
    assert.deepEqual(readFileSync(file), CONTENT);
    assert.equal(existsSync(journalOf(file)), false);
  });

  it('goes on from its last byte in the same boot', async () => {
    await leave();
    const partial = open();
    assert.equal(partial.received, 18 * BLOCK_BYTES);
    await partial.close();
  });

  it('goes on from its last durable byte after a reboot, and from its last one when it is killed then', async () => {
    await leave();
    const partial = open('boot-2');
    assert.equal(partial.received, 17 * BLOCK_BYTES);
    assert.equal(statSync(file).size, 17 * BLOCK_BYTES);
    await partial.close();
    writeFileSync(file, CONTENT.subarray(0, 17 * BLOCK_BYTES + 7));
    const again = open('boot-2');
    assert.equal(again.received, 17 * BLOCK_BYTES + 7);
    await again.close();
  });

  it('trusts what is durable alone, where a system does not tell its boots apart', async () => {
    await leave();
    const partial = open('');
    assert.equal(partial.received, 17 * BLOCK_BYTES);
    await partial.close();
  });

  it('trusts the length of what has no journal, as the original does', async () => {
    writeFileSync(file, CONTENT.subarray(0, 5000));
    const partial = open();
    assert.equal(partial.received, 5000);
    receive(partial, CONTENT.length);
    assert.equal(partial.isFresh, false);
    assert.equal(await sha256(partial), hashBytes(CONTENT).sha256);
    await partial.close();
  });

  it('takes a journal that promises more than there is for what is there', async () => {
    await leave();
    writeFileSync(file, CONTENT.subarray(0, 5000));
    const partial = open('boot-2');
    assert.equal(partial.received, 5000);
    await partial.close();
  });

  it('names the blocks that were lost, and no other', async () => {
    await leave();
    spoil(3 * BLOCK_BYTES + 4096, 4096);
    const partial = open();
    receive(partial, CONTENT.length);
    assert.notEqual(await sha256(partial), hashBytes(CONTENT).sha256);
    const block = { start: 3 * BLOCK_BYTES, end: 4 * BLOCK_BYTES };
    assert.deepEqual(partial.damagedBlocks(), [block]);
    partial.put(CONTENT.subarray(block.start, block.end), block.start);
    assert.equal(await sha256(partial), hashBytes(CONTENT).sha256);
    await partial.close();
  });

  it('compares what comes once more, and replaces what differs', async () => {
    await leave();
    spoil(BLOCK_BYTES, 100);
    const partial = open();
    for (let at = 0; at < CONTENT.length; at += PIECE) partial.put(CONTENT.subarray(at, at + PIECE), at);
    assert.equal(partial.isFresh, true);
    assert.equal(await sha256(partial), hashBytes(CONTENT).sha256);
    await partial.close();
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('begins anew without a trace of what was', async () => {
    await leave();
    const partial = open();
    await partial.startOver();
    assert.equal(statSync(file).size, 0);
    assert.equal(existsSync(journalOf(file)), false);
    receive(partial, CONTENT.length);
    assert.equal(await sha256(partial), hashBytes(CONTENT).sha256);
    await partial.close();
  });

  it('begins anew, when more is there than is signed', async () => {
    writeFileSync(file, Buffer.concat([CONTENT, CONTENT]));
    const partial = open();
    assert.equal(partial.received, 0);
    await partial.close();
  });
});
