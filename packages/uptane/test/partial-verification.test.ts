import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  attacks,
  fixedKeys,
  giveKeys,
  MemoryMetadataStore,
  PRIMARY,
  RepositorySimulator,
  SECONDARY,
  type SimulatedAttack,
} from '@ota-connect/testkit';
import {
  addSeconds,
  jsonObject,
  partialVerification,
  parseEcuSerial,
  parseHardwareId,
} from '../src/index.ts';
import type { Instant, PartialOptions, PartialVerdict, VehicleEcu } from '../src/index.ts';
import { provisionRoot, refusal } from './secondary-client.ts';

/** An ECU that verifies partially what its Primary passes on: whatever the Director serves. */
class PartialClient {
  readonly store = new MemoryMetadataStore();
  readonly simulator: RepositorySimulator;
  ecu: VehicleEcu = PRIMARY;
  options: PartialOptions = {};

  constructor(simulator: RepositorySimulator) {
    this.simulator = simulator;
    provisionRoot(this.store, simulator.director);
  }

  verify(now: Instant = this.simulator.now): Promise<PartialVerdict> {
    const { source } = this.simulator.director;
    return partialVerification(this.ecu, { name: 'director', source, store: this.store }, now, this.options);
  }

  async offered(): Promise<string | undefined> {
    const verdict = await this.verify();
    return verdict.kind === 'update' ? verdict.target.name : undefined;
  }
}

async function start() {
  const simulator = await RepositorySimulator.create();
  simulator.offer('honest.bin');
  for (let state = 0; state < 3; state += 1) await simulator.publish();
  const client = new PartialClient(simulator);
  assert.equal(await client.offered(), 'honest.bin');
  simulator.director.targets.clear();
  return { simulator, client };
}

// Of Timestamp, Snapshot and the Image repository such an ECU knows nothing.
const IS_OF_DIRECTOR_TARGETS =
  /^Director (?:Root|Targets) (?!of another version)|^Director that (?!names an ECU)/;
const OLD: ReadonlyMap<string, string> = new Map([
  ['whole older state of the Director', 'Rollback'],
  ['older Director Targets under the newest Snapshot', 'Rollback'],
]);

function codeOf({ name, refusedAs }: SimulatedAttack): string | undefined {
  return OLD.get(name) ?? (IS_OF_DIRECTOR_TARGETS.test(name) ? refusedAs : undefined);
}

describe('partial verification', () => {
  const applicable = attacks.filter((attack) => codeOf(attack) !== undefined);

  it('is run against the attacks on Director Root and Targets [5.4.4.1-2]', () => {
    assert.ok(applicable.length >= 60, `${applicable.length}`);
  });

  for (const attack of applicable) {
    it(`refuses: ${attack.name} [5.4.4.1-2, ${attack.step}]`, async () => {
      const { simulator, client } = await start();
      const kept = client.store.contents();
      await attack.mutate(simulator);
      await refusal(client.verify(), codeOf(attack) ?? '');
      assert.equal(client.store.contents().get('targets'), kept.get('targets'));
      const stored = client.store.loadRoot(2) === undefined ? 1 : 2;
      await simulator.director.heal(stored, addSeconds(simulator.now, 86_400));
      simulator.director.targets.clear();
      simulator.offer('after.bin');
      await simulator.publish();
      assert.equal(await client.offered(), 'after.bin');
    });
  }

  it('asks the Director for Root and Targets alone [5.4.4.1-2]', async () => {
    const { simulator, client } = await start();
    simulator.director.requests.length = 0;
    await client.verify();
    assert.deepEqual(simulator.director.requests, ['2.root.json', 'targets.json']);
    assert.deepEqual(simulator.image.requests, []);
  });

  it('gives all that the Director says of the image [5.4.4.1-2]', async () => {
    const { simulator, client } = await start();
    const target = simulator.targetOf({ name: 'a.bin', content: new Uint8Array(3), hardwareIds: [] });
    const custom = jsonObject([
      ['releaseCounter', 4],
      ['targetFormat', 'BINARY'],
      ['uri', 'https://d/'],
    ]);
    simulator.assign(target, [PRIMARY, SECONDARY], custom);
    await simulator.publish();
    const verdict = await client.verify();
    assert.equal(verdict.kind, 'update');
    assert.equal(verdict.correlationId, 'urn:here-ota:campaign:honest.bin');
    const { hashes, lengthBytes, ecus, uri, targetFormat, releaseCounter } = verdict.target;
    assert.deepEqual(hashes, target.hashes);
    assert.deepEqual([lengthBytes, uri, targetFormat, releaseCounter], [3, 'https://d/', 'BINARY', 4]);
    assert.deepEqual([...ecus], [[PRIMARY.serial, PRIMARY.hardwareId]]);
  });

  it('has nothing to do, when the Director names other ECUs alone, known or not [5.4.4.1-2, check_targets/8]', async () => {
    const { simulator, client } = await start();
    const stranger = { serial: parseEcuSerial('stranger'), hardwareId: parseHardwareId('any-hw') };
    simulator.offer('other.bin', 'other', [SECONDARY, stranger]);
    await simulator.publish();
    assert.equal((await client.verify()).kind, 'nothing_new');
  });

  it('has nothing to do, when the ECU runs the image [5.4.4.1-2]', async () => {
    const { simulator, client } = await start();
    client.ecu = { ...PRIMARY, installed: simulator.offer('honest.bin') };
    await simulator.publish();
    assert.equal((await client.verify()).kind, 'nothing_new');
  });

  for (const [title, ecu] of [
    ['it runs', { installed: { name: 'old', lengthBytes: 1, hashes: {}, releaseCounter: 5 } }],
    ['it once had', { releaseCounterFloor: 5 }],
  ] as const) {
    it(`refuses an image counted lower than the one ${title}, or not at all [5.4.4.1-2, 5.4.3.4-4]`, async () => {
      const { simulator, client } = await start();
      client.ecu = { ...PRIMARY, ...ecu };
      for (const [counter, found] of [
        [4, 'refused'],
        [undefined, 'refused'],
        [5, 'taken'],
      ] as const) {
        simulator.director.targets.clear();
        simulator.assign(
          simulator.targetOf({ name: 'a.bin', content: new Uint8Array(1), hardwareIds: [] }),
          [PRIMARY],
          jsonObject([['releaseCounter', counter]]),
        );
        await simulator.publish();
        if (found === 'taken') assert.equal(await client.offered(), 'a.bin');
        else await refusal(client.verify(), 'ReleaseCounter');
      }
    });
  }

  it('takes an image without a counter, when the device was moved to an original Director [5.4.4.1-2]', async () => {
    const { simulator, client } = await start();
    client.ecu = { ...PRIMARY, releaseCounterFloor: 5 };
    client.options = { directorFullRoles: 'off' };
    simulator.offer('uncounted.bin');
    await simulator.publish();
    assert.equal(await client.offered(), 'uncounted.bin');
  });

  it('refuses an image of which no known hash is listed [5.4.4.1-2, 5.4.3.4-6]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin');
    simulator.director.roles.targets.edit = (signed) =>
      JSON.parse(
        JSON.stringify(signed)
          .replaceAll(/"sha(?:256|512)":/g, '"md5":')
          .replaceAll(/"md5":"[^"]*",/g, ''),
      ) as typeof signed;
    await simulator.publish();
    const error = await refusal(client.verify(), 'SecurityException::Targets');
    assert.match(error.message, /no hash/);
  });

  it('refuses the list of another vehicle, an empty one too [5.4.4.1-2, 5.2.3.1-3]', async () => {
    const { simulator, client } = await start();
    client.options = { ids: new Set(['vehicle-a']) };
    simulator.director.custom = jsonObject([['vehicleId', 'vehicle-b']]);
    await simulator.publish();
    await refusal(client.verify(), 'BadEcuId');
  });

  it('takes no first Root from its Primary: without one of its provisioning it refuses, and asks for nothing [5.4.1-2]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin');
    await simulator.publish();
    client.store.remove('root');
    simulator.director.requests.length = 0;
    const error = await refusal(client.verify(), 'SecurityException::Root');
    assert.equal(error.repository, 'director');
    assert.deepEqual(simulator.director.requests, []);
    assert.equal(client.store.load('root'), undefined);
    provisionRoot(client.store, simulator.director);
    assert.equal(await client.offered(), 'app.bin');
  });

  it('follows the Director’s Root, so that the key of Targets can be exchanged [5.4.4.1-3]', async () => {
    const { simulator, client } = await start();
    await giveKeys(simulator.director, 'root', await fixedKeys('next root', 2), 2);
    await giveKeys(simulator.director, 'targets', await fixedKeys('next targets', 2), 2);
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal(await client.offered(), 'app.bin');
    assert.deepEqual(client.store.load('root'), simulator.director.files.get('3.root.json'));
  });

  it('goes without a newer Root as long as the keys are the same [5.4.4.1-3]', async () => {
    const { simulator, client } = await start();
    await simulator.director.publishRoot();
    simulator.director.overrides.set('2.root.json', 'absent');
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal(await client.offered(), 'app.bin');
  });

  it('takes the time from its caller and refuses what expired by then [5.4.4.1-1]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin');
    await simulator.publish();
    await refusal(client.verify(simulator.director.roles.targets.expires), 'ExpiredMetadata');
    assert.equal(await client.offered(), 'app.bin');
  });
});
