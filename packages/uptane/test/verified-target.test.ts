// What verification hands on of an image: what both repositories say, filled in and left out as originals store it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMetadataStore, RepositorySimulator, SECONDARY } from '@ota-connect/testkit';
import { jsonObject, partialVerification, type VerifiedTarget } from '../src/index.ts';
import { honestStart, TestClient } from './client.ts';
import { provisionRoot } from './secondary-client.ts';

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

  it('has the address of the Image repository, when the Director’s is empty [full_verification/10, 5.2.3.1.1-7]', async () => {
    const { simulator, client } = await honestStart();
    const content = new TextEncoder().encode('x');
    const custom = jsonObject([['uri', 'https://mirror.example.org/x']]);
    const image = { name: 'x.bin', content, hardwareIds: ['primary-hw'], custom };
    simulator.assign(simulator.addImage(image), undefined, jsonObject([['uri', '']]));
    await simulator.publish();
    assert.equal((await client.updates())[0]?.uri, 'https://mirror.example.org/x');
    simulator.assign(
      simulator.addImage({ ...image, custom: jsonObject([['uri', '']]) }),
      undefined,
      jsonObject([['uri', '']]),
    );
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    assert.equal(Object.hasOwn(target, 'uri'), false);
  });

  for (const [title, director, image] of [
    ['neither has', {}, {}],
    ['the Director alone has', { variant: 'eu' }, {}],
    ['the Image repository alone has', {}, { variant: 'eu' }],
  ] as const) {
    it(`is none, when a field has to match that ${title} [full_verification/13]`, async () => {
      const { simulator, client } = await honestStart();
      const content = new TextEncoder().encode('x');
      const custom = jsonObject([['mustMatch', ['variant']], ...Object.entries(image)]);
      const added = simulator.addImage({ name: 'x.bin', content, hardwareIds: ['primary-hw'], custom });
      simulator.assign(added, undefined, jsonObject(Object.entries(director)));
      await simulator.publish();
      await client.refuses('TargetMismatch');
    });
  }
});

describe('a verdict', () => {
  it('lacks a correlation id, where the Director states none [full_verification/6]', async () => {
    const simulator = await RepositorySimulator.create();
    assert.deepEqual(await new TestClient(simulator).verify(), { kind: 'nothing_new' });
    const store = new MemoryMetadataStore();
    provisionRoot(store, simulator.director);
    const director = { name: 'director', source: simulator.director.source, store } as const;
    const partial = await partialVerification(SECONDARY, director, simulator.now);
    assert.equal(Object.hasOwn(partial, 'correlationId'), false);
  });
});
