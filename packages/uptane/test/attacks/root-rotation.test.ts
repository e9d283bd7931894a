import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attacks, fixedKeys } from '@ota-connect/testkit';
import { addSeconds, DEFAULT_LIMITS } from '../../src/index.ts';
import { honestStart, itRefuses } from '../client.ts';

const BOTH = ['director', 'image'] as const;

describe('Root rotation', () => {
  for (const attack of attacks) if (attack.group === 'root rotation') itRefuses(attack);

  for (const name of BOTH) {
    it(`follows the ${name} Root over several exchanges of all keys [check_root/5]`, async () => {
      const { simulator, client } = await honestStart();
      const repository = simulator.repository(name);
      for (const generation of [1, 2, 3]) {
        repository.roles.root.keys = await fixedKeys(`generation ${generation}`, generation);
        repository.roles.root.threshold = generation;
        await repository.publishRoot();
      }
      simulator.offer('app.bin');
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
      const store = name === 'director' ? client.director : client.image;
      assert.deepEqual(store.load('root'), repository.files.get('4.root.json'));
      assert.deepEqual(store.loadRoot(2), repository.files.get('2.root.json'));
    });

    it(`follows the ${name} Root through an expired one to one that holds [check_root/6]`, async () => {
      const { simulator, client } = await honestStart();
      const { roles } = simulator.repository(name);
      const until = roles.root.expires;
      roles.root.expires = addSeconds(simulator.now, -1000);
      await simulator.repository(name).publishRoot();
      roles.root.expires = until;
      await simulator.repository(name).publishRoot();
      simulator.offer('app.bin');
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
    });

    it(`recovers from a stored ${name} Root that expired, when a newer one is there [check_root/6]`, async () => {
      const { simulator, client } = await honestStart();
      const later = addSeconds(simulator.now, 400 * 86_400);
      for (const role of Object.values(simulator.repository(name === 'image' ? 'director' : 'image').roles)) {
        role.expires = addSeconds(later, 100);
      }
      await simulator.repository(name === 'image' ? 'director' : 'image').publishRoot();
      simulator.offer('app.bin');
      await simulator.publish();
      await client.refuses('ExpiredMetadata::Root', later);
      for (const role of Object.values(simulator.repository(name).roles))
        role.expires = addSeconds(later, 100);
      await simulator.repository(name).publishRoot();
      await simulator.publish();
      assert.equal((await client.updates(later)).length, 1);
    });
  }

  it('accepts a Root with nothing changed but the version [check_root/4]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.director.publishRoot();
    await simulator.image.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('keeps the Roots it verified before one that it refuses [check_root/5]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.director.publishRoot();
    simulator.director.roles.root.signWith = [];
    await simulator.director.publishRoot();
    await client.refuses('UnmetThreshold::Root');
    assert.deepEqual(client.director.load('root'), simulator.director.files.get('2.root.json'));
  });

  it('bounds an endless chain of Roots and goes on from there in the next cycle [check_root/5]', async () => {
    const { simulator, client } = await honestStart();
    for (let count = 0; count < 7; count += 1) await simulator.director.publishRoot();
    client.vehicle = { ...client.vehicle, limits: { ...DEFAULT_LIMITS, rootsPerCycle: 5 } };
    await client.refuses('OversizedMetadata::Root');
    assert.deepEqual(client.director.load('root'), simulator.director.files.get('6.root.json'));
    assert.equal((await client.updates())[0]?.name, 'honest.bin');
  });

  it('refuses a first Root of another version than it asked for [check_root/1]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.director.publishRoot();
    simulator.director.overrides.set('1.root.json', simulator.director.files.get('2.root.json') ?? 'absent');
    client.director.remove('root');
    await client.refuses('RootRotationError');
  });

  it('treats a missing first Root as a failure to fetch [check_root/1]', async () => {
    const { simulator, client } = await honestStart();
    client.director.remove('root');
    simulator.director.overrides.set('1.root.json', 'absent');
    await client.refuses('MetadataFetchFailure::Root::Director');
  });
});
