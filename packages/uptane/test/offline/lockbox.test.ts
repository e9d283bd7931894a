// Updates from a removable medium: what an honest one gives, and every attack of the catalogue. client-protocol 12
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lockboxAttacks, newLockbox, PRIMARY } from '@ota-connect/testkit';
import { addSeconds, jsonObject, sha256Hex } from '../../src/index.ts';
import { honestMedium, LockboxClient } from './lockbox-client.ts';

const DAY = 86_400;

describe('lockbox on a medium', () => {
  it('gives the ECUs of its hardware their image, under its own correlation ID', async () => {
    const { client, before } = await honestMedium();
    const { lockboxes, passedOver } = await client.look(before);
    assert.deepEqual(passedOver, []);
    const [lockbox] = lockboxes;
    const bytes = before.files.get('metadata/director/honest.json') ?? new Uint8Array();
    assert.equal(lockbox?.correlationId, `urn:tdx-ota:lockbox:honest:2:${sha256Hex(bytes).slice(0, 12)}`);
    assert.deepEqual([...(lockbox?.targets[0]?.ecus ?? [])], [[PRIMARY.serial, PRIMARY.hardwareId]]);
  });

  it('is judged again from what is stored, when the medium is gone', async () => {
    const { client } = await honestMedium();
    assert.equal((await client.again('honest')).lockboxes[0]?.targets.length, 1);
    await assert.rejects(client.again('honest', addSeconds(client.simulator.now, 31 * DAY)), {
      code: 'ExpiredMetadata',
    });
  });

  it('has nothing new for ECUs that run it', async () => {
    const { client, before } = await honestMedium();
    const [target] = (await client.look(before)).lockboxes[0]?.targets ?? [];
    assert.ok(target !== undefined);
    const ecus = client.vehicle.ecus.map((ecu) => ({ ...ecu, installed: target }));
    client.vehicle = { ...client.vehicle, ecus };
    assert.deepEqual((await client.look(before)).lockboxes[0]?.targets, []);
  });

  it('brings the Roots that the device has slept through', async () => {
    const { client, simulator, lockboxes } = await honestMedium();
    for (let rotation = 0; rotation < 3; rotation += 1) await simulator.director.publishRoot();
    await simulator.image.publishRoot();
    await newLockbox({ simulator, lockboxes, before: await lockboxes.fill() });
    assert.equal((await client.look(await lockboxes.fill(['attacked']))).lockboxes.length, 1);
    assert.notEqual(client.director.loadRoot(5), undefined);
  });

  it('is never the first to say whom to trust: neither for the Director nor for the Image repository', async () => {
    const { simulator, before } = await honestMedium();
    const fresh = new LockboxClient(simulator);
    assert.equal((await fresh.refuses(before, 'SecurityException::Root')).repository, 'director');
    const root = simulator.director.files.get('1.root.json') ?? new Uint8Array();
    fresh.director.save('root', root, 1);
    assert.equal((await fresh.refuses(before, 'SecurityException::Root')).repository, 'image');
  });

  it('goes on being good after newer ones were made, while it is still listed', async () => {
    const { simulator, client, lockboxes, before } = await honestMedium();
    await newLockbox({ simulator, lockboxes, before });
    await client.look(await lockboxes.fill(['attacked']));
    const { lockboxes: found } = await client.look(before);
    assert.equal(found.find(({ name }) => name === 'honest')?.targets.length, 1);
  });

  it('goes on being good after the device was online, while its image is still listed there', async () => {
    const { simulator, client, lockboxes } = await honestMedium();
    await newLockbox({ simulator, lockboxes, before: await lockboxes.fill() });
    const medium = await lockboxes.fill(['attacked']);
    simulator.offer('online.bin');
    await simulator.publish();
    await client.meetServers();
    assert.equal((await client.look(medium)).lockboxes[0]?.targets.length, 1);
    simulator.image.targets.delete('attacked.bin');
    await simulator.publish();
    await client.meetServers();
    await client.refuses(medium, 'TargetMismatch');
  });

  it('may name single ECUs, which then get it alone', async () => {
    const { simulator, client, lockboxes, before } = await honestMedium();
    const lockbox = await newLockbox({ simulator, lockboxes, before });
    const [target] = lockbox.targets;
    assert.ok(target !== undefined);
    const named = (serial: string) =>
      jsonObject([
        ...Object.entries(target.custom ?? {}),
        ['ecuIdentifiers', jsonObject([[serial, jsonObject([['hardwareId', PRIMARY.hardwareId]])]])],
      ]);
    lockboxes.put('attacked', [{ ...target, custom: named(PRIMARY.serial) }]);
    assert.equal((await client.look(await lockboxes.fill(['attacked']))).lockboxes[0]?.targets.length, 1);
    lockboxes.put('attacked', [{ ...target, custom: named('another-serial') }]);
    await client.refuses(await lockboxes.fill(['attacked']), 'BadHardwareId');
  });

  it('that is refused keeps nobody from the next one', async () => {
    const { simulator, client, lockboxes, before } = await honestMedium();
    (await newLockbox({ simulator, lockboxes, before })).expires = simulator.now;
    const { lockboxes: found, passedOver } = await client.look(await lockboxes.fill());
    assert.deepEqual(
      [found.map(({ name }) => name), passedOver.map(({ name }) => name)],
      [['honest'], ['attacked']],
    );
  });

  it('with delegated images is found through the roles on the medium', async () => {
    const { simulator, client, lockboxes } = await honestMedium();
    const delegation = await simulator.delegate('supplier', ['supplied/*']);
    const content = new TextEncoder().encode('supplied');
    const image = { name: 'supplied/app.bin', content, hardwareIds: ['primary-hw'] };
    lockboxes.put('supplied', [simulator.addDelegatedImage(delegation, image)]);
    await simulator.image.publish();
    const medium = await lockboxes.fill(['supplied']);
    assert.equal((await client.look(medium)).lockboxes[0]?.targets.length, 1);
    medium.files.delete('metadata/image-repo/supplier.json');
    client.medium.remove({ delegation: 'supplier' });
    await client.refuses(medium, 'DelegationMissing');
  });
});

describe('attacks by a medium', () => {
  for (const attack of lockboxAttacks) {
    it(`refuses ${attack.name}`, async () => {
      const { simulator, lockboxes, client, before } = await honestMedium();
      const medium = await attack.mutate({ simulator, lockboxes, before });
      // What the attack lets the device see before.
      const seen = before.files.get('metadata/director/offline-snapshot.json');
      if (seen !== undefined) client.store.save('offline-snapshot', seen);
      await client.refuses(medium, attack.refusedAs);
    });
  }
});
