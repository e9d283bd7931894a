import { describe, it, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { defaultConfig } from '../../config/defaults.ts';
import type { AttackStore } from '../../ports.ts';
import { databaseFile, openStorage } from './sqlite-storage.ts';

describe('store of attacks', () => {
  const texts = (attacks: AttackStore) => attacks.pending().map(({ text }) => text);

  function prepareAt(test: TestContext) {
    const path = mkdtempSync(join(tmpdir(), 'attacks-'));
    test.after(() => rmSync(path, { recursive: true }));
    const config = { ...defaultConfig().storage, path };
    return { config, open: () => openStorage(config) };
  }
  const prepare = (test: TestContext) => prepareAt(test).open;

  it('keeps each until a manifest that carried it was taken, over a restart too', (test) => {
    const open = prepare(test);
    const before = open();
    before.attacks.record({ text: 'rollback: Rollback', at: 1 });
    before.attacks.record({ text: 'rollback: Rollback', at: 2 });
    before.attacks.record({ text: 'slow retrieval: TooSlow', at: 3, subject: 'image' });
    const carried = before.attacks.pending();
    assert.deepEqual(
      carried.map(({ text, at }) => [text, at]),
      [
        ['rollback: Rollback', 1],
        ['slow retrieval: TooSlow', 3],
      ],
    );
    before.close();
    const after = open();
    assert.deepEqual(after.attacks.pending(), carried);
    after.attacks.record({ text: 'freeze: ExpiredMetadata::Root', at: 4 });
    after.attacks.clear(carried);
    assert.deepEqual(texts(after.attacks), ['freeze: ExpiredMetadata::Root']);
    after.close();
  });

  it('does not take what was told already, until its subject has passed', (test) => {
    const storage = prepare(test)();
    const { attacks } = storage;
    const slow = { text: 'slow retrieval: TooSlow', at: 1, subject: 'image' } as const;
    attacks.record(slow);
    attacks.clear(attacks.pending());
    attacks.record(slow);
    attacks.passed('metadata');
    attacks.record(slow);
    assert.deepEqual(texts(attacks), []);
    attacks.passed('image');
    attacks.record(slow);
    assert.deepEqual(texts(attacks), [slow.text]);
    attacks.passed('image');
    assert.deepEqual(texts(attacks), [slow.text]);
    storage.close();
  });

  it('is bounded in number and length, and takes what was left out once there is room', (test) => {
    const storage = prepare(test)();
    const { attacks } = storage;
    for (let at = 0; at < 500; at += 1) attacks.record({ text: `${at} ${'x'.repeat(10_000)}`, at });
    assert.ok(attacks.pending().length <= 32);
    assert.ok(texts(attacks).every((text) => text.length <= 300));
    attacks.clear(attacks.pending());
    attacks.record({ text: 'later', at: 501 });
    assert.deepEqual(texts(attacks), ['later']);
    storage.close();
  });

  it('is empty in a database of an earlier version that is only looked at, and its state is read', (test) => {
    const { open, config } = prepareAt(test);
    const before = open();
    before.cycle.save({ kind: 'Reporting' });
    before.close();
    const database = new DatabaseSync(databaseFile(config));
    database.exec('DROP TABLE ota_connect_attacks');
    database.close();
    const looking = openStorage(config, { readOnly: true });
    assert.deepEqual(looking.attacks.pending(), []);
    assert.equal(looking.cycle.load().kind, 'Reporting');
    looking.close();
  });
});
