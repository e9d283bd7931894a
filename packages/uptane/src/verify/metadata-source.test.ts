import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MetadataStore, storedSource } from './metadata-source.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The newest Root is the third. */
const STORE: MetadataStore = {
  load: (role) => (role === 'root' ? bytes('3') : role === 'targets' ? bytes('targets') : undefined),
  loadRoot: (version) => (version <= 3 ? bytes(String(version)) : undefined),
  save: () => assert.fail('a source does not write'),
  saveRoot: () => assert.fail('a source does not write'),
  remove: () => assert.fail('a source does not write'),
  keepDelegations: () => assert.fail('a source does not write'),
  flags: () => assert.fail('a source does not ask for flags'),
};

describe('a store as a source', () => {
  const source = storedSource(STORE);

  it('has each Root under its version, and the newest without one', async () => {
    assert.deepEqual(await source.fetch({ role: 'root', version: 2, maxBytes: 9 }), bytes('2'));
    assert.deepEqual(await source.fetch({ role: 'root', maxBytes: 9 }), bytes('3'));
    assert.equal(await source.fetch({ role: 'root', version: 4, maxBytes: 9 }), 'absent');
  });

  it('has of other roles the one it keeps, whatever version is asked for', async () => {
    assert.deepEqual(await source.fetch({ role: 'targets', version: 2, maxBytes: 9 }), bytes('targets'));
    assert.equal(await source.fetch({ role: 'snapshot', maxBytes: 9 }), 'absent');
  });
});
