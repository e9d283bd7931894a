import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '../errors.ts';
import { hashBytes } from '../hashes.ts';
import { parseKeyId } from '../identifiers.ts';
import { canonicalText } from '../json/canonical-json.ts';
import { jsonObject } from '../json/value.ts';
import { parseInstant } from '../time.ts';
import { nextRoot } from './next-root.ts';
import { nextSnapshot } from './next-snapshot.ts';
import { nextTargets } from './next-targets.ts';
import { nextTimestamp } from './next-timestamp.ts';

const header = { version: 3, expires: parseInstant('2031-01-02T03:04:05Z') };
const refused = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;
const hashes = hashBytes(new Uint8Array());

describe('build metadata', () => {
  it('writes Root as originals read it [5.2.1-3, 5.2.1-4, 5.2.1-5, 5.2.2-2]', () => {
    const id = parseKeyId('k1');
    const key = { keytype: 'ED25519', keyval: { public: 'AB' } } as const;
    const roles = new Map([['root', { keyIds: [id], threshold: 1 }]]);
    const text = canonicalText(nextRoot({ ...header, keys: new Map([[id, key]]), roles }));
    assert.equal(
      text,
      '{"_type":"Root","consistent_snapshot":false,"expires":"2031-01-02T03:04:05Z",' +
        '"keys":{"k1":{"keytype":"ED25519","keyval":{"public":"AB"}}},' +
        '"roles":{"root":{"keyids":["k1"],"threshold":1}},"version":3}',
    );
  });

  it('refuses a Root whose role cannot be met [5.2.2-2]', () => {
    const id = parseKeyId('k1');
    const unknown = new Map([['root', { keyIds: [id], threshold: 1 }]]);
    assert.throws(() => nextRoot({ ...header, keys: new Map(), roles: unknown }), refused('unknown_key'));
    const key = { keytype: 'ED25519', keyval: { public: 'AB' } } as const;
    for (const threshold of [0, 2]) {
      const roles = new Map([['root', { keyIds: [id, id], threshold }]]);
      assert.throws(
        () => nextRoot({ ...header, keys: new Map([[id, key]]), roles }),
        refused('unreachable_threshold'),
      );
    }
  });

  it('lists what Snapshot and Timestamp need [5.2.4-1, 5.2.5-1, 5.2.5-2]', () => {
    const meta = new Map([
      ['targets.json', { version: 2, lengthBytes: 9, hashes: { sha256: 'AB' } }],
      ['root.json', { version: 1 }],
    ]);
    assert.equal(
      canonicalText(nextSnapshot({ ...header, meta })),
      '{"_type":"Snapshot","expires":"2031-01-02T03:04:05Z","meta":{"root.json":{"version":1},' +
        '"targets.json":{"hashes":{"sha256":"ab"},"length":9,"version":2}},"version":3}',
    );
    const snapshot = { version: 3, lengthBytes: 10, hashes: { sha256: 'cd' } };
    assert.equal(
      canonicalText(nextTimestamp({ ...header, snapshot })),
      '{"_type":"Timestamp","expires":"2031-01-02T03:04:05Z","meta":{"snapshot.json":' +
        '{"hashes":{"sha256":"cd"},"length":10,"version":3}},"version":3}',
    );
  });

  it('refuses what is not ASCII, wherever it stands [5.2-1]', () => {
    const target = { name: 'a.bin', lengthBytes: 1, hashes };
    const custom = jsonObject([['note', 'ü']]);
    for (const targets of [[{ ...target, name: 'ü.bin' }], [{ ...target, custom }]]) {
      assert.throws(() => nextTargets({ ...header, targets }), refused('not_ascii'));
    }
    assert.throws(() => nextTargets({ ...header, targets: [], custom }), refused('not_ascii'));
  });

  it('refuses a target twice, a target without hash, and a version that is none [5.2.3.1-2, 5.2.1-5]', () => {
    const target = { name: 'a.bin', lengthBytes: 1, hashes };
    assert.throws(() => nextTargets({ ...header, targets: [target, target] }), refused('duplicate_target'));
    assert.throws(
      () => nextTargets({ ...header, targets: [{ ...target, hashes: {} }] }),
      refused('target_without_hash'),
    );
    for (const version of [0, -1, 1.5, 2 ** 53]) {
      assert.throws(() => nextTargets({ ...header, version, targets: [] }), refused('invalid_version'));
    }
  });

  it('takes names that mean something to JavaScript as plain data', () => {
    const target = { name: '__proto__', lengthBytes: 1, hashes: { sha256: '00' } };
    assert.match(canonicalText(nextTargets({ ...header, targets: [target] })), /"targets":\{"__proto__":\{/);
  });
});
