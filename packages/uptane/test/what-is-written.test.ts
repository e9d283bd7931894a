// What a verification writes, and what it hands on of a store that lacks something.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultPoints, MemoryMetadataStore, SECONDARY } from '@ota-connect/testkit';
import { metadataForSecondary, type MetadataStore } from '../src/index.ts';
import { honestStart } from './client.ts';
import { titlesOf } from './secondary-client.ts';

const NO_SOURCE = { fetch: () => assert.fail('the network is not asked') };

describe('a verification', () => {
  it('writes nothing, when nothing is new [full_verification/6]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    await client.verify();
    const counter = new FaultPoints();
    Object.assign(client, { director: counter.wrap(client.director), image: counter.wrap(client.image) });
    assert.equal((await client.verify()).kind, 'updates');
    assert.ok(counter.calls.includes('load'));
    assert.deepEqual(
      counter.calls.filter((call) => call.startsWith('save') || call === 'remove'),
      [],
    );
  });

  it('says of a rollback which version came and which is trusted [full_verification/16]', async () => {
    const { simulator, client } = await honestStart();
    simulator.image.replay(0, 'timestamp.json');
    const error = await client.refuses('Rollback');
    assert.deepEqual({ ...error.details }, { version: 1, trusted: simulator.image.roles.timestamp.version });
  });
});

describe('metadata for a Secondary', () => {
  const ecu = { ...SECONDARY, verification: 'full' } as const;

  it('is none, while the Primary has none itself [5.4.2.6-1]', async () => {
    const { simulator } = await honestStart();
    const director = { name: 'director', source: NO_SOURCE, store: new MemoryMetadataStore() } as const;
    const partial = { ...ecu, verification: 'partial' } as const;
    const image = { ...director, name: 'image' } as const;
    for (const one of [ecu, partial])
      assert.deepEqual(await metadataForSecondary(one, { director, image }, simulator.now), []);
  });

  it('leaves out a Root that the Primary no longer has [5.4.2.6-1]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.director.publishRoot();
    await client.verify();
    const store: MetadataStore = {
      load: (role) => client.director.load(role),
      loadRoot: (version) => (version === 1 ? undefined : client.director.loadRoot(version)),
      save: () => assert.fail('it writes nothing'),
      saveRoot: () => assert.fail('it writes nothing'),
      remove: () => assert.fail('it writes nothing'),
      keepDelegations: () => assert.fail('it writes nothing'),
      flags: () => client.director.flags(),
    };
    const director = { name: 'director', source: NO_SOURCE, store } as const;
    const image = { name: 'image', source: NO_SOURCE, store: client.image } as const;
    const files = await metadataForSecondary(ecu, { director, image }, simulator.now);
    assert.deepEqual(titlesOf(files).slice(0, 2), ['director/2.root', 'director/timestamp']);
  });
});
