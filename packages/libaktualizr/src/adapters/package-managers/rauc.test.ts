import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstallError } from '../../errors.ts';
import { loadRecord, saveRecord, type RaucRecord } from './rauc-record.ts';
import { parseRaucStatus } from './rauc-status.ts';

describe('status of RAUC', () => {
  it('says which slot is booted and which is next, by the names of the bootloader', () => {
    const slots = [
      { 'rootfs.1': { bootname: 'B', state: 'inactive' } },
      { 'rootfs.0': { bootname: 'A', state: 'booted' } },
    ];
    const status = (more: object) => JSON.stringify({ compatible: 'x', booted: 'A', slots, ...more });
    assert.deepEqual(parseRaucStatus(status({ boot_primary: 'rootfs.1' })), { booted: 'A', next: 'B' });
    assert.deepEqual(parseRaucStatus(status({ boot_primary: null })), { booted: 'A', next: undefined });
    assert.deepEqual(parseRaucStatus(status({ boot_primary: '__proto__' })), {
      booted: 'A',
      next: undefined,
    });
  });

  it('is refused by name when it is none', () => {
    for (const text of ['', 'no', '[]', 'null', '{"booted":7}', '{"slots":[]}']) {
      assert.throws(
        () => parseRaucStatus(text),
        (error: unknown) => error instanceof InstallError,
        text,
      );
    }
  });
});

describe('record of slots', () => {
  it('comes back as it was saved, is for us alone, and a damaged one is none', (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'rauc-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rauc.json');
    assert.equal(loadRecord(file).slots.size, 0);
    const target = { name: 'app', hashes: { sha256: 'ab' } };
    const record: RaucRecord = {
      slots: new Map([['__proto__', target]]),
      pending: { target, from: 'A', to: 'B' },
    };
    saveRecord(file, record);
    assert.deepEqual(loadRecord(file), record);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    for (const text of ['', '{', '{"slots":7}', 'null']) {
      writeFileSync(file, text);
      assert.deepEqual(loadRecord(file), { slots: new Map() });
    }
  });
});
