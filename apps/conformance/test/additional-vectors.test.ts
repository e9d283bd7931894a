// The attacks on an original Director (Root and Targets alone) that the additional vectors make, step by step over one
// storage; the last of them are what must not be refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fixedKey,
  fixedKeys,
  giveKeys,
  PRIMARY,
  underKeyId,
  withNested,
  type RepositorySimulator,
  type SimulatedDelegation,
} from '@ota-connect/testkit';
import { hashBytes, jsonObject, parseKeyId, type NextTarget } from '@ota-connect/uptane';
import { withVehicle, type Vehicle } from './uptane-vehicle.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A first step that is taken, with versions high enough to go back from. */
async function firstStep({ simulator, takes }: Vehicle): Promise<void> {
  simulator.offer('one.bin');
  for (let state = 0; state < 3; state += 1) await simulator.publish();
  await takes('one.bin');
}

/** Another image on offer, that no ECU has. */
function offerNext(simulator: RepositorySimulator, name = 'two.bin'): void {
  simulator.director.targets.clear();
  simulator.offer(name);
}

async function offerCounted(
  simulator: RepositorySimulator,
  name: string,
  counters: { director: number; image: number },
): Promise<void> {
  simulator.director.targets.clear();
  const custom = jsonObject([['releaseCounter', counters.image]]);
  const target = simulator.addImage({
    name,
    content: bytes(name),
    hardwareIds: [PRIMARY.hardwareId],
    custom,
  });
  simulator.assign(target, [PRIMARY], jsonObject([['releaseCounter', counters.director]]));
  await simulator.publish();
}

/** An image that the Director offers and a role lists. */
function listed(simulator: RepositorySimulator, name: string, content = 'app'): NextTarget {
  const target = simulator.targetOf({ name, content: bytes(content), hardwareIds: [PRIMARY.hardwareId] });
  simulator.director.targets.clear();
  simulator.assign(target);
  return target;
}

function list(role: Pick<SimulatedDelegation, 'targets'>, target: NextTarget): void {
  role.targets.set(target.name, target);
}

const differing = (target: NextTarget): NextTarget => ({ ...target, hashes: hashBytes(bytes('other')) });

function itRuns(title: string, test: (vehicle: Vehicle) => Promise<void>): void {
  it(title, () => withVehicle(test));
}

describe('uptane-client, signatures and history', () => {
  itRuns(
    'refuses Director Targets signed by one key under two ids for a threshold of two',
    async (vehicle) => {
      const { director } = vehicle.simulator;
      vehicle.simulator.offer('one.bin');
      const key = await fixedKey('twin');
      await giveKeys(director, 'targets', [key, underKeyId(key, parseKeyId('aa'.repeat(32)))], 2);
      await vehicle.simulator.publish();
      await vehicle.refuses('UnmetThreshold::Targets');
    },
  );

  for (const role of ['timestamp', 'snapshot', 'targets'] as const)
    for (const listHashes of [true, false])
      itRuns(
        `refuses an Image repository whose ${role} goes back, ${listHashes ? 'with' : 'without'} hashes listed`,
        async (vehicle) => {
          const { simulator } = vehicle;
          simulator.image.listHashes = listHashes;
          await firstStep(vehicle);
          offerNext(simulator);
          simulator.image.roles[role].version -= 2;
          await simulator.publish();
          await vehicle.refuses('Rollback');
        },
      );

  itRuns('refuses Director Targets that go back', async (vehicle) => {
    await firstStep(vehicle);
    vehicle.simulator.director.replay(1, 'targets.json');
    await vehicle.refuses('Rollback');
  });

  itRuns('refuses Director Targets that go back after an update that failed', async (vehicle) => {
    const { simulator } = vehicle;
    await firstStep(vehicle);
    offerNext(simulator);
    await simulator.publish();
    simulator.images.set('two.bin', bytes('two.xxx'));
    await vehicle.refuses('TargetHashMismatch');
    simulator.director.replay(1, 'targets.json');
    await vehicle.refuses('Rollback');
  });

  for (const name of ['director', 'image'] as const)
    itRuns(`refuses ${name} Targets that go back after a new Root that exchanged no key`, async (vehicle) => {
      const { simulator } = vehicle;
      await firstStep(vehicle);
      await simulator.repository(name).publishRoot();
      await vehicle.takes('one.bin');
      offerNext(simulator);
      await simulator.publish();
      simulator.repository(name).roles.targets.version -= 3;
      await simulator.publish();
      await vehicle.refuses('Rollback');
    });

  itRuns(
    'refuses a Snapshot that lists a lower version of a delegated role that is not needed',
    async (vehicle) => {
      const { simulator } = vehicle;
      const delegation = await simulator.delegate('supplier', ['supplied/*']);
      delegation.version = 5;
      await firstStep(vehicle);
      offerNext(simulator);
      delegation.version = 4;
      await simulator.publish();
      await vehicle.refuses('Rollback');
    },
  );

  itRuns('refuses a Snapshot that lists a delegated role no longer', async (vehicle) => {
    const { simulator } = vehicle;
    await simulator.delegate('supplier', ['supplied/*']);
    await firstStep(vehicle);
    offerNext(simulator);
    simulator.image.roles.snapshot.edit = withNested(['meta', 'supplier.json'], undefined);
    await simulator.publish();
    await vehicle.refuses('Rollback');
  });

  itRuns(
    'refuses an image whose release counter is lower than that of an image it has had',
    async (vehicle) => {
      await offerCounted(vehicle.simulator, 'seven.bin', { director: 7, image: 7 });
      await vehicle.takes('seven.bin');
      await offerCounted(vehicle.simulator, 'six.bin', { director: 6, image: 6 });
      await vehicle.refuses('ReleaseCounter');
      offerNext(vehicle.simulator, 'none.bin');
      await vehicle.simulator.publish();
      await vehicle.refuses('ReleaseCounter');
      await offerCounted(vehicle.simulator, 'again.bin', { director: 7, image: 7 });
      await vehicle.takes('again.bin', 'seven.bin');
    },
  );

  itRuns('does not count an image that never came whole', async (vehicle) => {
    await offerCounted(vehicle.simulator, 'seven.bin', { director: 7, image: 7 });
    vehicle.simulator.images.set('seven.bin', bytes('seven.xxx'));
    await vehicle.refuses('TargetHashMismatch');
    await offerCounted(vehicle.simulator, 'six.bin', { director: 6, image: 6 });
    await vehicle.takes('six.bin');
  });

  itRuns('refuses a release counter that differs between the repositories', async (vehicle) => {
    await offerCounted(vehicle.simulator, 'app.bin', { director: 7, image: 6 });
    await vehicle.refuses('ReleaseCounter');
  });
});

describe('uptane-client, delegations', () => {
  itRuns('refuses, when a terminating role lacks the image and a sibling has it', async (vehicle) => {
    const { simulator } = vehicle;
    (await simulator.delegate('first', ['a/*'])).terminating = true;
    list(await simulator.delegate('second', ['a/*']), listed(simulator, 'a/app.bin'));
    await simulator.publish();
    await vehicle.refuses('TargetMismatch');
  });

  itRuns(
    'refuses, when an earlier role says other hashes than the Director and a later one the same',
    async (vehicle) => {
      const { simulator } = vehicle;
      const target = listed(simulator, 'a/app.bin');
      list(await simulator.delegate('first', ['a/*']), differing(target));
      list(await simulator.delegate('second', ['a/*']), target);
      await simulator.publish();
      await vehicle.refuses('TargetMismatch');
    },
  );

  itRuns(
    'refuses, when top-level Targets say other hashes and a delegated role the same',
    async (vehicle) => {
      const { simulator } = vehicle;
      const target = listed(simulator, 'a/app.bin');
      list(simulator.image, differing(target));
      list(await simulator.delegate('first', ['a/*']), target);
      await simulator.publish();
      await vehicle.refuses('TargetMismatch');
    },
  );

  itRuns('refuses an image that a role delegates on without having been given it', async (vehicle) => {
    const { simulator } = vehicle;
    const parent = await simulator.delegate('parent', ['a/*']);
    list(await simulator.delegate('child', ['b/*'], parent), listed(simulator, 'b/app.bin'));
    await simulator.publish();
    await vehicle.refuses('TargetMismatch');
  });

  itRuns('ends, when two roles delegate to each other', async (vehicle) => {
    const { simulator } = vehicle;
    const one = await simulator.delegate('one', ['a/*']);
    const two = await simulator.delegate('two', ['a/*'], one);
    two.delegations.push(one);
    listed(simulator, 'a/app.bin');
    await simulator.publish();
    await vehicle.refuses('TargetMismatch');
  });
});

describe('uptane-client, recovery and images', () => {
  itRuns(
    'takes lower versions, when Timestamp and Snapshot keys were exchanged after a fast-forward',
    async (vehicle) => {
      const { simulator } = vehicle;
      const { roles } = simulator.image;
      for (const role of [roles.timestamp, roles.snapshot]) role.version = Number.MAX_SAFE_INTEGER - 1;
      simulator.offer('one.bin');
      await simulator.publish();
      await vehicle.takes('one.bin');
      for (const role of ['timestamp', 'snapshot'] as const) {
        roles[role].keys = await fixedKeys(`recovered ${role}`, 1);
        roles[role].version = 1;
      }
      await simulator.image.publishRoot();
      offerNext(simulator);
      await simulator.publish();
      await vehicle.takes('one.bin', 'two.bin');
    },
  );

  itRuns('takes an equal version with other content', async (vehicle) => {
    const { simulator } = vehicle;
    await firstStep(vehicle);
    offerNext(simulator);
    for (const { roles } of [simulator.director, simulator.image])
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) roles[role].version -= 1;
    await simulator.publish();
    await vehicle.takes('one.bin', 'two.bin');
  });

  const spoiled: readonly (readonly [string, string, string])[] = [
    ['has a byte more than listed', 'OversizedTarget', 'one.bin+'],
    ['has a byte less than listed', 'UndersizedTarget', 'one.bi'],
    ['has the listed length and other bytes', 'TargetHashMismatch', 'one.bix'],
  ];
  for (const [what, code, served] of spoiled)
    itRuns(`refuses an image that ${what}, and takes it once it is right`, async (vehicle) => {
      const { simulator } = vehicle;
      simulator.offer('one.bin');
      await simulator.publish();
      simulator.images.set('one.bin', bytes(served));
      await vehicle.refuses(code);
      assert.deepEqual([...vehicle.landed().keys()], []);
      simulator.images.set('one.bin', bytes('one.bin'));
      await vehicle.takes('one.bin');
    });

  for (const spoiledHash of ['sha256', 'sha512'] as const)
    itRuns(`refuses an image of which the listed ${spoiledHash} alone is wrong`, async (vehicle) => {
      const { simulator } = vehicle;
      const target = listed(simulator, 'one.bin');
      const wrong = {
        ...target,
        hashes: { ...target.hashes, [spoiledHash]: hashBytes(bytes('other'))[spoiledHash] },
      };
      list(simulator.image, wrong);
      simulator.director.targets.clear();
      simulator.assign(wrong);
      await simulator.publish();
      await vehicle.refuses('TargetHashMismatch');
      assert.deepEqual([...vehicle.landed().keys()], []);
    });
});
