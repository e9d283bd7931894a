import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECONDARY } from '@ota-connect/testkit';
import { CodedError, hashBytes, jsonObject, type MappingEntry, type NextTarget } from '../src/index.ts';
import { MappedClient } from './mapped-client.ts';

const EVERYTHING: MappingEntry = {
  paths: ['*'],
  repositories: ['director', 'image'],
  threshold: 2,
  terminating: true,
};
const MAPS: MappingEntry = { ...EVERYTHING, paths: ['maps/*'], repositories: ['director', 'maps'] };

/** Puts the image on offer, listed by these repositories alone. */
function offer(client: MappedClient, name: string, listedBy: readonly string[]): NextTarget {
  const target = client.simulator.offer(name);
  client.repository('image').targets.delete(name);
  for (const one of listedBy) client.repository(one).targets.set(name, target);
  return target;
}

describe('repository mapping in full verification', () => {
  it('does as without one, when one entry names both repositories for everything [5.4.4.2-0, 5.2.6-3]', async () => {
    const client = await MappedClient.create([EVERYTHING], []);
    offer(client, 'app.bin', ['image']);
    await client.publish();
    assert.deepEqual(await client.names(), ['app.bin']);
    client.simulator.director.targets.clear();
    offer(client, 'alone.bin', []);
    await client.publish();
    await client.refuses('TargetMismatch');
  });

  it('asks the repository that the first matching entry names, and no other [5.4.4.2-0, 5.2.6-3]', async () => {
    const client = await MappedClient.create([MAPS, EVERYTHING], ['maps']);
    offer(client, 'maps/eu.map', ['maps']);
    await client.publish();
    assert.deepEqual(await client.names(), ['maps/eu.map']);
    assert.deepEqual(client.repository('image').requests, []);
    assert.equal(client.stores.get('image')?.load('root'), undefined);
    assert.notEqual(client.stores.get('maps')?.load('targets'), undefined);
  });

  it('asks no repository but the Director, when nothing is new [5.4.4.2-6, 5.4.4.2-0]', async () => {
    const client = await MappedClient.create([MAPS, EVERYTHING], ['maps']);
    assert.equal((await client.verify()).kind, 'nothing_new');
    assert.deepEqual(
      [...client.sources.values()].flatMap(({ requests }) => requests),
      [],
    );
  });

  it('asks each repository once for several images [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([MAPS, EVERYTHING], ['maps']);
    offer(client, 'app.bin', ['image']);
    client.simulator.assign(offer(client, 'maps/eu.map', ['maps']), [SECONDARY]);
    client.repository('maps').targets.set('maps/eu.map', {
      ...offerFor(client, 'maps/eu.map'),
      custom: jsonObject([['hardwareIds', [SECONDARY.hardwareId]]]),
    });
    await client.publish();
    assert.deepEqual(new Set(await client.names()), new Set(['app.bin', 'maps/eu.map']));
    for (const one of client.sources.values())
      assert.equal(one.requests.filter((path) => path === 'timestamp.json').length, 1);
  });

  it('refuses an image that another repository lists than the one the mapping names [5.4.4.2-0, 5.2.6-3]', async () => {
    const client = await MappedClient.create([MAPS, EVERYTHING], ['maps']);
    offer(client, 'maps/eu.map', ['image']);
    await client.publish();
    const error = await client.refuses('TargetMismatch');
    assert.equal(error.details['mappedRepository'], 'maps');
    assert.deepEqual(client.repository('image').requests, []);
  });

  it('goes on to the next entry, when one that does not terminate is not met [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([{ ...MAPS, terminating: false }, EVERYTHING], ['maps']);
    offer(client, 'maps/eu.map', ['image']);
    await client.publish();
    assert.deepEqual(await client.names(), ['maps/eu.map']);
  });

  it('refuses an image of which no entry speaks [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([MAPS], ['maps']);
    offer(client, 'app.bin', ['image', 'maps']);
    await client.publish();
    await client.refuses('TargetMismatch');
  });

  const TWO_OF_THREE: MappingEntry = {
    ...EVERYTHING,
    repositories: ['director', 'image', 'second', 'third'],
    threshold: 3,
  };

  for (const odd of ['image', 'second', 'third']) {
    it(`takes an image on which the Director and two of three agree, when ${odd} says otherwise [5.4.4.2-0]`, async () => {
      const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
      const target = offer(client, 'app.bin', ['image', 'second', 'third']);
      client.repository(odd).targets.set('app.bin', { ...target, lengthBytes: 1 });
      await client.publish();
      assert.deepEqual(await client.names(), ['app.bin']);
    });
  }

  it('refuses an image on which fewer repositories agree than the entry demands [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
    offer(client, 'app.bin', ['second']);
    await client.publish();
    assert.equal((await client.refuses('TargetMismatch')).details['mappedRepository'], 'image');
  });

  it('asks no further repository, when enough agree [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
    offer(client, 'app.bin', ['image', 'second', 'third']);
    await client.publish();
    await client.names();
    assert.deepEqual(client.repository('third').requests, []);
  });

  it('does without a repository that fails, when enough others agree, and asks it once [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
    offer(client, 'app.bin', ['image', 'second', 'third']);
    offer(client, 'other.bin', ['image', 'second', 'third']);
    client.simulator.director.targets.delete('other.bin');
    const other = offerFor(client, 'other.bin');
    client.simulator.assign(other, [SECONDARY]);
    for (const one of client.sources.values())
      one.targets.set('other.bin', {
        ...other,
        custom: jsonObject([['hardwareIds', [SECONDARY.hardwareId]]]),
      });
    client.repository('image').roles.timestamp.signWith = [];
    await client.publish();
    assert.deepEqual(new Set(await client.names()), new Set(['app.bin', 'other.bin']));
    assert.equal(client.repository('image').requests.filter((path) => path === 'timestamp.json').length, 1);
    assert.equal(client.stores.get('image')?.load('timestamp'), undefined);
  });

  it('refuses with what the failing repository was refused for, when too few are left [5.4.4.2-0, full_verification/16]', async () => {
    const client = await MappedClient.create([{ ...TWO_OF_THREE, threshold: 4 }], ['second', 'third']);
    offer(client, 'app.bin', ['image', 'second', 'third']);
    client.repository('second').roles.timestamp.expires = client.simulator.now;
    await client.publish();
    const error = await client.refuses('ExpiredMetadata');
    assert.equal(error.attack, 'freeze');
    assert.equal(error.details['mappedRepository'], 'second');
  });

  it('counts no repository that agrees with the Director and contradicts one that was counted [5.4.4.2-0]', async () => {
    const client = await MappedClient.create(
      [{ ...TWO_OF_THREE, repositories: ['director', 'image', 'second'] }],
      ['second'],
    );
    const target = offer(client, 'app.bin', []);
    const { sha256 = '' } = target.hashes;
    client.simulator.assign({ ...target, hashes: { sha256 } });
    for (const [name, text] of [
      ['image', 'one'],
      ['second', 'other'],
    ] as const) {
      const { sha512 } = hashBytes(new TextEncoder().encode(text));
      client.repository(name).targets.set('app.bin', { ...target, hashes: { sha256, sha512 } });
    }
    await client.publish();
    await client.refuses('TargetMismatch');
  });

  for (const [threshold, decide] of [
    [3, ['second', 'third']],
    [2, ['image']],
  ] as const) {
    it(`lets no repository add a wrong hash or address, where ${threshold} of 4 suffice [5.4.4.2-0]`, async () => {
      const client = await MappedClient.create([{ ...TWO_OF_THREE, threshold }], ['second', 'third']);
      const target = offer(client, 'app.bin', ['second', 'third']);
      const { sha256 = '' } = target.hashes;
      client.simulator.assign({ ...target, hashes: { sha256 } });
      client.repository('image').targets.set('app.bin', {
        ...target,
        hashes: { sha256, sha512: 'f'.repeat(128) },
        custom: jsonObject([...Object.entries(target.custom ?? {}), ['uri', 'https://elsewhere/']]),
      });
      await client.publish();
      const verdict = await client.verify();
      const [found] = verdict.kind === 'updates' ? verdict.targets : [];
      assert.deepEqual(found?.hashes, { sha256 });
      assert.equal(found?.uri, undefined);
      assert.deepEqual(found?.repositories, decide);
    });
  }

  it('takes every hash that any of them lists, where all have to agree, and names who listed the image [5.4.4.2-0, 5.4.3.4-6]', async () => {
    const rule = { ...TWO_OF_THREE, repositories: ['director', 'image', 'second'] };
    const client = await MappedClient.create([rule], ['second', 'third']);
    const target = offer(client, 'app.bin', []);
    const { sha256 = '' } = target.hashes;
    client.simulator.assign({ ...target, hashes: { sha256 } });
    client.repository('image').targets.set('app.bin', { ...target, hashes: { sha256 } });
    client.repository('second').targets.set('app.bin', target);
    await client.publish();
    const verdict = await client.verify();
    const [found] = verdict.kind === 'updates' ? verdict.targets : [];
    assert.deepEqual(found?.hashes, target.hashes);
    assert.deepEqual(found?.repositories, ['image', 'second']);
  });

  it('takes no format that the Director does not state, where others could make up for whoever states it [5.4.4.2-0]', async () => {
    const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
    const target = offer(client, 'app.bin', ['image', 'second', 'third']);
    const custom = { ...target.custom, targetFormat: 'OSTREE' };
    client.repository('image').targets.set('app.bin', { ...target, custom });
    await client.publish();
    const verdict = await client.verify();
    const [found] = verdict.kind === 'updates' ? verdict.targets : [];
    assert.ok(found);
    assert.equal(found.targetFormat, undefined);
    assert.equal(found.custom['targetFormat'], undefined);
  });

  it('lets a failure of a store through, whoever else would agree [5.4.4.2-0, 5.4.4-1]', async () => {
    const client = await MappedClient.create([TWO_OF_THREE], ['second', 'third']);
    offer(client, 'app.bin', ['image', 'second', 'third']);
    await client.publish();
    const image = client.stores.get('image');
    assert.ok(image);
    image.load = () => {
      throw new CodedError('StorageError', 'disk_full', 'No space is left.');
    };
    await assert.rejects(client.verify(), { family: 'StorageError' });
  });

  it('holds each repository to its own history [5.4.4.4-3, 5.4.4.2-0]', async () => {
    const client = await MappedClient.create([MAPS, EVERYTHING], ['maps']);
    offer(client, 'maps/eu.map', ['maps']);
    await client.publish();
    await client.publish();
    await client.names();
    client.repository('maps').replay(-2);
    const error = await client.refuses('Rollback');
    assert.equal(error.details['mappedRepository'], 'maps');
  });
});

function offerFor(client: MappedClient, name: string): NextTarget {
  const target = client.simulator.targetOf({
    name,
    content: new TextEncoder().encode(name),
    hardwareIds: [SECONDARY.hardwareId],
  });
  return target;
}
