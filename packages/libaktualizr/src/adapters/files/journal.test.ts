import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, readFileSync, writeFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendToJournal, journalOf, printOf, readJournal, removeJournal } from './journal.ts';

describe('journal of a partial image', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'));
    file = join(folder, 'IMAGE');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const append = (durableBytes: number, prints: readonly (readonly [number, number])[] = [], isNew = false) =>
    appendToJournal(file, { durableBytes, bootId: 'boot-1', prints: new Map(prints) }, isNew);

  it('says what was written last', async () => {
    await append(1000, [[0, 7]], true);
    await append(2000, [[1, 0xffffffff]]);
    assert.deepEqual(readJournal(file), {
      durableBytes: 2000,
      bootId: 'boot-1',
      prints: new Map([
        [0, 7],
        [1, 0xffffffff],
      ]),
    });
  });

  it('is none, when there is none or it is of something else', () => {
    assert.equal(readJournal(file), undefined);
    writeFileSync(journalOf(file), 'durable 1000 boot-1\n');
    assert.equal(readJournal(file), undefined);
  });

  it('ends before a line that was torn', async () => {
    await append(1000, [], true);
    const whole = readFileSync(journalOf(file));
    for (const torn of ['durable 20', 'durable 2000 boot-1', '\0\0\0\0\n', 'durable 99x boot\n']) {
      writeFileSync(journalOf(file), Buffer.concat([whole, Buffer.from(torn)]));
      assert.equal(readJournal(file)?.durableBytes, 1000, JSON.stringify(torn));
    }
  });

  it('takes the place of one before, when it is new', async () => {
    await append(5000, [[0, 1]], true);
    await append(1000, [], true);
    assert.deepEqual(readJournal(file), { durableBytes: 1000, bootId: 'boot-1', prints: new Map() });
  });

  it('is never written through a link', async () => {
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, 'precious');
    symlinkSync(elsewhere, journalOf(file));
    await assert.rejects(append(1000));
    await append(1000, [], true);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
  });

  it('goes away with what it speaks of', async () => {
    await append(1000, [], true);
    removeJournal(file);
    assert.equal(existsSync(journalOf(file)), false);
  });
});

describe('print of a block', () => {
  const block = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 31) % 251));

  it('is the same, however the block came in pieces', () => {
    const whole = printOf(block, 0);
    for (const cut of [1, 63, 64, 65, 1000, 4095]) {
      const first = printOf(block.subarray(0, cut), 0);
      assert.equal(printOf(block.subarray(cut), cut, first), whole, String(cut));
    }
  });

  it('is another one, when a sector of it is zeros', () => {
    for (let at = 0; at < block.length; at += 512) {
      const lost = Buffer.from(block);
      lost.fill(0, at, at + 512);
      assert.notEqual(printOf(lost, 0), printOf(block, 0));
    }
  });
});
