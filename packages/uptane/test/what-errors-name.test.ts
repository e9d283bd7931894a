// What a refusal says beside its code: the role, the repository, the attack, and what in particular.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  offerDelegated,
  PRIMARY,
  type RepositorySimulator,
  withMember,
  withNested,
} from '@ota-connect/testkit';
import { CodedError, jsonObject, parseEcuSerial, parseHardwareId, timeUntrusted } from '../src/index.ts';
import { honestStart, type TestClient } from './client.ts';
import { MappedClient } from './mapped-client.ts';

type World = { readonly simulator: RepositorySimulator; readonly client: TestClient };

describe('a refusal names', () => {
  it('the image and the ECU that the Director has wrong [full_verification/16]', async () => {
    const wrong: readonly (readonly [string, (world: World) => void, object])[] = [
      [
        'BadEcuId',
        ({ simulator }) => {
          const stranger = { serial: parseEcuSerial('stranger'), hardwareId: PRIMARY.hardwareId };
          simulator.assign(simulator.offer('attack.bin'), [stranger]);
        },
        { target: 'attack.bin', ecu: 'stranger' },
      ],
      [
        'BadHardwareId',
        ({ simulator }) => {
          const other = { serial: PRIMARY.serial, hardwareId: parseHardwareId('other') };
          simulator.assign(simulator.offer('attack.bin'), [other]);
        },
        { target: 'attack.bin', ecu: PRIMARY.serial },
      ],
      [
        'DirectorRepeatedEcuId',
        ({ simulator }) => {
          simulator.offer('attack.bin');
          simulator.offer('attack-2.bin');
        },
        { target: 'attack.bin', ecu: PRIMARY.serial },
      ],
    ];
    for (const [code, change, details] of wrong) {
      const world = await honestStart();
      change(world);
      await world.simulator.publish();
      const error = await world.client.refuses(code);
      assert.deepEqual([error.role, error.repository], ['Targets', 'director']);
      assert.deepEqual({ ...error.details }, details);
    }
  });

  it('the Director, when what it says of ECUs cannot be read [full_verification/16]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('attack.bin');
    simulator.director.roles.targets.edit = withNested(
      ['targets', 'attack.bin', 'custom', 'ecuIdentifiers'],
      5,
    );
    await simulator.publish();
    const error = await client.refuses('SecurityException::Targets');
    assert.equal(error.repository, 'director');
  });

  it('the image whose release counter is wrong, and who says so [full_verification/16]', async () => {
    const { simulator, client } = await honestStart();
    const counter = jsonObject([['releaseCounter', 5]]);
    const image = { name: 'attack.bin', content: new Uint8Array(1), hardwareIds: ['primary-hw'] };
    const target = simulator.addImage({ ...image, custom: counter });
    for (const [counted, repository] of [
      [jsonObject([]), 'image'],
      [counter, 'director'],
    ] as const) {
      simulator.assign(target, undefined, counted);
      await simulator.publish();
      client.vehicle = { ...client.vehicle, ecus: [{ ...PRIMARY, releaseCounterFloor: 6 }] };
      const error = await client.refuses('ReleaseCounter');
      assert.deepEqual([error.role, error.repository], ['Targets', repository]);
      assert.deepEqual({ ...error.details }, { target: 'attack.bin' });
    }
  });

  it('the role that lists the image otherwise than the Director does [full_verification/16]', async () => {
    const ways: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
      [
        'Targets',
        async ({ simulator }) => {
          simulator.offer('attack.bin');
          simulator.image.targets.delete('attack.bin');
        },
      ],
      [
        'Targets',
        async ({ simulator }) => simulator.assign({ ...simulator.offer('attack.bin'), lengthBytes: 1 }),
      ],
      [
        'supplier',
        async ({ simulator }) => {
          const [target] = (await offerDelegated(simulator)).targets.values();
          assert.ok(target);
          simulator.assign({ ...target, hashes: { sha256: '00'.repeat(32) } });
        },
      ],
      [
        'two',
        async ({ simulator }) => {
          await simulator.delegate('one', []);
          const two = await simulator.delegate('two', []);
          const terms = { paths: ['shared/*'], threshold: 1, terminating: true };
          simulator.image.multiRole.push({ ...terms, roles: ['one', 'two'] });
          const image = { name: 'shared/app.bin', content: new Uint8Array(1), hardwareIds: ['other-hw'] };
          simulator.assign(simulator.addDelegatedImage(two, image));
        },
      ],
    ];
    for (const [role, change] of ways) {
      const world = await honestStart();
      await change(world);
      await world.simulator.publish();
      const error = await world.client.refuses('TargetMismatch');
      assert.deepEqual([error.role, error.repository], [role, 'image']);
      assert.equal(error.wireCode, 'TargetMismatch');
    }
  });

  it('whose custom data of an image cannot be read [full_verification/16]', async () => {
    for (const [role, repository] of [
      ['Targets', 'director'],
      ['Targets', 'image'],
      ['supplier', 'image'],
    ] as const) {
      const { simulator, client } = await honestStart();
      const delegated = role === 'supplier' ? await offerDelegated(simulator) : undefined;
      const { name } = [...(delegated?.targets.values() ?? [])][0] ?? simulator.offer('attack.bin');
      const document = delegated ?? simulator.repository(repository).roles.targets;
      document.edit = withNested(['targets', name, 'custom', 'mustMatch'], 5);
      await simulator.publish();
      const error = await client.refuses(`SecurityException::${role}`);
      assert.equal(error.repository, repository);
    }
  });

  it('the role of several whose custom data of an image cannot be read [full_verification/16, 5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const one = await simulator.delegate('one', []);
    const two = await simulator.delegate('two', []);
    const terms = { paths: ['shared/*'], threshold: 2, terminating: true };
    simulator.image.multiRole.push({ ...terms, roles: ['one', 'two'] });
    const image = { name: 'shared/app.bin', content: new Uint8Array(1), hardwareIds: ['primary-hw'] };
    const target = simulator.addDelegatedImage(one, image);
    two.targets.set(target.name, target);
    simulator.assign(target);
    two.edit = withNested(['targets', target.name, 'custom', 'mustMatch'], 5);
    await simulator.publish();
    const error = await client.refuses('SecurityException::two');
    assert.equal(error.repository, 'image');
  });

  it('the delegated role whose own delegations cannot be used [full_verification/16, resolve_delegations/1]', async () => {
    const { simulator, client } = await honestStart();
    const middle = await simulator.delegate('middle', ['supplied/*']);
    const last = await simulator.delegate('last', ['supplied/*'], middle);
    const image = { name: 'supplied/app.bin', content: new Uint8Array(1), hardwareIds: ['primary-hw'] };
    simulator.assign(simulator.addDelegatedImage(last, image));
    middle.edit = (signed) =>
      JSON.parse(JSON.stringify(signed).replaceAll('"threshold":1', '"threshold":0')) as typeof signed;
    await simulator.publish();
    const error = await client.refuses('IllegalThreshold::last');
    assert.equal(error.repository, 'image');
  });

  for (const repository of ['director', 'image'] as const) {
    it(`the repository whose Root has no possible threshold: ${repository} [full_verification/16]`, async () => {
      const { simulator, client } = await honestStart();
      simulator.offer('attack.bin');
      const { root } = simulator.repository(repository).roles;
      root.edit = withNested(['roles', 'targets', 'threshold'], 0);
      await simulator.repository(repository).publishRoot();
      await simulator.publish();
      const error = await client.refuses('IllegalThreshold::Targets');
      assert.deepEqual([error.repository, error.attack], [repository, 'arbitrary software']);
    });
  }

  it('the mapped repository, and in it the role, the attack and what was found [full_verification/16, 5.4.4.2-0]', async () => {
    const entry = { paths: ['*'], repositories: ['director', 'maps'], threshold: 2, terminating: true };
    const client = await MappedClient.create([entry], ['maps']);
    client.simulator.offer('app.bin');
    await client.publish();
    const { timestamp } = client.repository('maps').roles;
    const until = timestamp.expires;
    timestamp.expires = client.simulator.now;
    await client.publish();
    const error = await client.refuses('ExpiredMetadata');
    assert.deepEqual(
      [error.role, error.repository, error.attack, error.details['mappedRepository']],
      ['Timestamp', 'image', 'freeze', 'maps'],
    );
    timestamp.expires = until;
    await client.publish();
    const { files, overrides } = client.repository('maps');
    overrides.set('2.root.json', files.get('1.root.json') ?? 'absent');
    assert.equal((await client.refuses('RootRotationError')).attack, 'rollback');
    overrides.clear();
    const unlisted = await client.refuses('TargetMismatch');
    assert.deepEqual([unlisted.role, unlisted.repository], ['Targets', 'image']);
    assert.deepEqual({ ...unlisted.details }, { target: 'app.bin', mappedRepository: 'maps' });
  });

  it('the cause of a time that is not trusted, and the Director [full_verification/16]', () => {
    const cause = new Error('late');
    const error = timeUntrusted('it is late', cause);
    assert.deepEqual([error.role, error.repository, error.cause], ['Time', 'director', cause]);
    assert.equal(error.wireCode, 'TimeUntrusted');
    assert.equal(timeUntrusted('it is late').cause, undefined);
  });
});

describe('what is no refusal', () => {
  it('is a Director that lists delegations of which there are none [check_targets/6]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.director.roles.targets.edit = withMember('delegations', { keys: {}, roles: [] });
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  for (const file of ['root.json', 'timestamp.json', 'snapshot.json']) {
    it(`is a Snapshot that lists ${file} no longer [check_snapshot/6]`, async () => {
      const { simulator, client } = await honestStart();
      const { snapshot } = simulator.image.roles;
      snapshot.edit = withNested(['meta', file], { version: 7 });
      simulator.offer('first.bin');
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
      snapshot.edit = withNested(['meta', file], undefined);
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
    });
  }

  it('is a failing store behind a source: its error comes as it is [full_verification/15]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    const failure = new CodedError('StorageError', 'disk_full', 'No space is left.');
    simulator.image.overrides.set('delegations/supplier.json', failure);
    await assert.rejects(client.verify(), (error) => error === failure);
    const other = new CodedError('TransportError', 'timeout', 'No answer.');
    simulator.image.overrides.set('delegations/supplier.json', other);
    const error = await client.refuses('MetadataFetchFailure');
    assert.equal(error.cause, other);
  });
});
