import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { decodeState } from './decode-state.ts';
import type { CycleState, Update } from './states.ts';

const update: Update = {
  correlationId: 'urn:here-ota:campaign:1',
  targets: [
    {
      name: 'app.bin',
      lengthBytes: 3,
      hashes: { sha256: 'aa', sha512: 'bb' },
      ecus: [['serial-1', 'hardware-1']],
      uri: 'https://localhost/app.bin',
      targetFormat: 'BINARY',
      custom: { anything: [1, 'two'] },
      releaseCounter: 4,
    },
  ],
};
const STATES: readonly CycleState[] = [
  { kind: 'Idle' },
  { kind: 'Checking' },
  { kind: 'Checking', before: { kind: 'Downloaded', update } },
  { kind: 'Checking', medium: { directory: '/media/stick', lockbox: 'spring' } },
  {
    kind: 'UpdatesAvailable',
    update: { ...update, medium: { directory: '/media/stick', lockbox: 'spring' } },
  },
  { kind: 'UpdatesAvailable', update },
  { kind: 'Downloading', update },
  { kind: 'Downloaded', update: { correlationId: '', targets: [] } },
  { kind: 'Installing', update },
  { kind: 'AwaitingReboot', update, bootId: 'boot-1', waitsSinceMs: 1_900_000_000_000 },
  { kind: 'AwaitingReboot', update, bootId: 'boot-1' },
  { kind: 'Finalizing', bootId: 'b', update },
  { kind: 'Finalizing', bootId: '', update, trial: { boots: 1, ranMs: 7 } },
  { kind: 'Probation', bootId: 'b', update, trial: { boots: 1, ranMs: 7 }, sinceMs: 3 },
  { kind: 'RollingBack', update, reason: 'no network', tries: 1 },
  { kind: 'AwaitingRollback', update, reason: 'no network', bootId: 'b' },
  { kind: 'FinalizingRollback', update, reason: 'no network', bootId: 'b' },
  { kind: 'Reporting' },
];

/** Every value inside `value`, once replaced by something of another type. */
function* damaged(value: unknown): Generator<unknown> {
  yield typeof value === 'boolean' ? 'damaged' : true;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    // Free JSON, as the Director signed it.
    if (name === 'custom') continue;
    for (const other of damaged(inner)) {
      yield Array.isArray(value)
        ? value.map((item, index) => (String(index) === name ? other : item))
        : { ...value, [name]: other };
    }
  }
}

describe('stored state of the update cycle', () => {
  for (const state of STATES) {
    it(`comes back as it was: ${state.kind}`, () => {
      assert.deepEqual(decodeState(JSON.stringify(state)), state);
    });

    it(`is told from a damaged one: ${state.kind}`, () => {
      for (const other of damaged(state)) {
        assert.equal(decodeState(JSON.stringify(other)), undefined, JSON.stringify(other));
      }
    });
  }

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"kind":"Downloading"}',
    '{"kind":"AwaitingReboot","update":{"correlationId":"","targets":[]}}',
    '{"kind":"Installing","update":{"correlationId":"","targets":[{"name":""}]}}',
    '{"kind":"Checking","before":{"kind":"Installing","update":{"correlationId":"","targets":[]}}}',
    '{"kind":"OfALaterVersion"}',
  ]) {
    it(`is not ${text === '' ? 'nothing' : text}`, () => {
      assert.equal(decodeState(text), undefined);
    });
  }

  it('may carry what an earlier version kept there', () => {
    assert.deepEqual(decodeState('{"kind":"Idle","refusal":"told"}'), { kind: 'Idle' });
  });
});
