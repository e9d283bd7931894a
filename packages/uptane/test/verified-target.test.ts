// What verification hands on of an image: what both repositories say, filled in and left out as originals store it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonObject, type VerifiedTarget } from '../src/index.ts';
import { honestStart } from './client.ts';

async function verified(custom: Readonly<Record<string, string>>): Promise<VerifiedTarget> {
  const { simulator, client } = await honestStart();
  simulator.assign(simulator.offer('app.bin'), undefined, jsonObject(Object.entries(custom)));
  await simulator.publish();
  const [target] = await client.updates();
  assert.ok(target);
  return target;
}

describe('a verified target', () => {
  it('lacks what nobody says of it [full_verification/10]', async () => {
    const target = await verified({});
    for (const name of ['uri', 'targetFormat', 'releaseCounter', 'repositories']) {
      assert.equal(Object.hasOwn(target, name), false, name);
    }
    assert.deepEqual(Object.keys(target.custom), ['ecuIdentifiers']);
  });

  it('keeps a format that is unknown in its custom data alone [full_verification/10]', async () => {
    const target = await verified({ targetFormat: 'TARBALL' });
    assert.equal(target.targetFormat, undefined);
    assert.equal(target.custom['targetFormat'], 'TARBALL');
  });

  for (const format of ['OSTREE', 'BINARY'] as const) {
    it(`says once that it is ${format} [full_verification/10]`, async () => {
      const target = await verified({ targetFormat: format, a: 'x' });
      assert.equal(target.targetFormat, format);
      assert.deepEqual(
        { ...target.custom, ecuIdentifiers: undefined },
        { a: 'x', ecuIdentifiers: undefined, targetFormat: format },
      );
    });
  }
});
