import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetadataError } from '../errors.ts';
import { bundleSource, isSameRole, type MetadataFile } from './bundle-source.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const MAX = { maxBytes: 100 };
const FILES: readonly MetadataFile[] = [
  { repository: 'director', role: 'root', version: 2, bytes: bytesOf('director root 2') },
  { repository: 'director', role: 'root', version: 4, bytes: bytesOf('director root 4') },
  { repository: 'image', role: 'targets', version: 9, bytes: bytesOf('image targets') },
  { repository: 'image', role: { delegation: 'a' }, bytes: bytesOf('image a') },
];

describe('a bundle as a source', () => {
  const director = bundleSource(FILES, 'director');
  const image = bundleSource(FILES, 'image');

  it('finds Roots by version, and every other role whatever version is asked for', async () => {
    assert.deepEqual(await director.fetch({ role: 'root', version: 4, ...MAX }), bytesOf('director root 4'));
    for (const version of [{}, { version: 3 }]) {
      assert.deepEqual(await image.fetch({ role: 'targets', ...version, ...MAX }), bytesOf('image targets'));
      const role = { delegation: 'a' };
      assert.deepEqual(await image.fetch({ role, ...version, ...MAX }), bytesOf('image a'));
    }
  });

  it('ends the chain of Roots after the last one alone, whatever versions other files state', async () => {
    assert.equal(await director.fetch({ role: 'root', version: 5, ...MAX }), 'absent');
    await assert.rejects(director.fetch({ role: 'root', version: 3, ...MAX }), MetadataError);
    assert.equal(await image.fetch({ role: 'root', version: 1, ...MAX }), 'absent');
  });

  for (const [repository, named] of [
    ['director', 'director'],
    ['image', 'image'],
    ['supplier', 'image'],
  ] as const) {
    it(`names the ${named} repository and a partial bundle, when Targets of "${repository}" are left out`, async () => {
      const source = bundleSource([], repository);
      await assert.rejects(source.fetch({ role: 'targets', ...MAX }), (error) => {
        assert.ok(error instanceof MetadataError);
        assert.deepEqual(
          [error.code, error.role, error.repository, error.attack],
          ['MetadataFetchFailure', 'Targets', named, 'partial bundle'],
        );
        return true;
      });
    });
  }

  it('tells delegated roles from top-level ones of the same name, and from each other', () => {
    assert.ok(isSameRole('targets', 'targets'));
    assert.ok(isSameRole({ delegation: 'a' }, { delegation: 'a' }));
    assert.ok(!isSameRole({ delegation: 'a' }, { delegation: 'b' }));
    assert.ok(!isSameRole({ delegation: 'targets' }, 'targets'));
    assert.ok(!isSameRole('targets', { delegation: 'targets' }));
  });
});
