// A Primary in the attacker's hands: it can send to a Secondary whatever was ever signed, in any mixture, or nothing.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fixedKeys,
  flipBit,
  giveKeys,
  RepositorySimulator,
  SECONDARY,
  type SimulatedDelegation,
} from '@ota-connect/testkit';
import { jsonObject, parseEcuSerial, type MetadataFile, type VehicleEcu } from '../../src/index.ts';
import { honestStart } from '../client.ts';
import {
  offerToSecondary,
  refusal,
  SecondaryClient,
  titlesOf,
  withFileOf,
  withoutFile,
} from '../secondary-client.ts';

const OTHER: VehicleEcu = { serial: parseEcuSerial('secondary-2'), hardwareId: SECONDARY.hardwareId };

/** A Secondary that has taken an image, and two more bundles of its Primary: `older` was never handed on, `newest` is. */
async function start() {
  const { simulator, client } = await honestStart();
  client.vehicle = { ecus: [...client.vehicle.ecus, OTHER] };
  const secondary = new SecondaryClient(client);
  // Of two digits all of them: a Snapshot must not be told from another by its length.
  for (const { roles } of [simulator.director, simulator.image])
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) roles[role].version = 20;
  const bundles: (readonly MetadataFile[])[] = [];
  for (const name of ['1.bin', '2.bin', '3.bin']) {
    const role = simulator.image.delegations[0] ?? (await simulator.delegate('supplier', ['supplied/*']));
    role.version += 1;
    offer(simulator, role, `supplied/${name}`);
    await simulator.publish();
    bundles.push(await secondary.bundle());
    if (bundles.length === 1) await secondary.updates(bundles[0] ?? []);
  }
  const [first = [], older = [], newest = []] = bundles;
  return { simulator, client, secondary, first, older, newest };
}

function offer(
  simulator: RepositorySimulator,
  role: SimulatedDelegation,
  name: string,
  ecu: VehicleEcu = SECONDARY,
): void {
  simulator.director.targets.clear();
  role.targets.clear();
  const content = new TextEncoder().encode(name);
  simulator.assign(simulator.addDelegatedImage(role, { name, content, hardwareIds: [ecu.hardwareId] }), [
    ecu,
  ]);
}

async function takes(
  secondary: SecondaryClient,
  files: readonly MetadataFile[],
  name: string,
): Promise<void> {
  assert.deepEqual(
    (await secondary.updates(files)).map((target) => target.name),
    [name],
  );
}

const ROLES = ['director', 'image'].flatMap((repository) =>
  ['timestamp', 'snapshot', 'targets'].map((role) => `${repository}/${role}`),
);
const FILES = [...ROLES, 'image/delegation supplier'];

describe('a compromised Primary', () => {
  it('cannot bring back a bundle as a whole [5.4.2.6-3, check_timestamp/3]', async () => {
    const { secondary, first, older, newest } = await start();
    await takes(secondary, newest, 'supplied/3.bin');
    for (const old of [first, older]) await secondary.refuses(old, 'Rollback');
    await takes(secondary, newest, 'supplied/3.bin');
  });

  it('cannot bring back one repository of an earlier bundle [check_timestamp/3, full_verification/11]', async () => {
    const { secondary, older, newest } = await start();
    await takes(secondary, newest, 'supplied/3.bin');
    for (const repository of ['director', 'image']) {
      const mixed = [
        ...newest.filter((file) => file.repository !== repository),
        ...older.filter((file) => file.repository === repository),
      ];
      await secondary.refuses(mixed, 'Rollback');
    }
  });

  for (const title of FILES) {
    it(`cannot mix an older ${title} into a bundle [check_snapshot/2, check_targets/2, check_timestamp/3]`, async () => {
      const { secondary, older, newest } = await start();
      await refusal(secondary.verify(withFileOf(newest, title, older)), expectedOfMixed(title));
      await takes(secondary, newest, 'supplied/3.bin');
    });

    it(`cannot leave ${title} out [5.4.2.6-1, resolve_delegations/2]`, async () => {
      const { secondary, newest } = await start();
      const half = withoutFile(newest, title);
      const error = await refusal(secondary.verify(half), expectedOfHalf(title));
      assert.ok(
        error.attack === 'partial bundle' || title.startsWith('director/') || title.includes('delegation'),
      );
      await takes(secondary, newest, 'supplied/3.bin');
    });

    it(`cannot change ${title}, of which nothing is kept [5.4.2.6-3, 5.4-5]`, async () => {
      const { secondary, newest } = await start();
      const index = titlesOf(newest).indexOf(title);
      const changed = newest.map((file, at) =>
        at === index ? { ...file, bytes: flipBit(file.bytes, file.bytes.length - 30) } : file,
      );
      await assert.rejects(secondary.verify(changed));
      const kept = [...secondary.director.contents().values(), ...secondary.image.contents().values()];
      assert.ok(!kept.includes(new TextDecoder().decode(changed[index]?.bytes)));
      await takes(secondary, newest, 'supplied/3.bin');
    });
  }

  it('cannot pass the metadata for another image or another Secondary off as its own [5.4.2.6-1, resolve_delegations/2]', async () => {
    const { simulator, secondary, client } = await start();
    const role = simulator.image.delegations[0];
    assert.ok(role);
    role.version += 1;
    offer(simulator, role, 'supplied/own.bin');
    const others = await simulator.delegate('other-supplier', ['other/*']);
    const own = [...simulator.director.targets.values()];
    offer(simulator, others, 'other/app.bin', OTHER);
    for (const target of own) simulator.director.targets.set(target.name, target);
    await simulator.publish();
    await client.verify();
    const forOther = await secondary.stored('full', OTHER);
    assert.ok(titlesOf(forOther).includes('image/delegation other-supplier'));
    await secondary.refuses(forOther, 'DelegationMissing');
    const renamed = forOther.map((file) =>
      typeof file.role === 'string' ? file : { ...file, role: { delegation: 'supplier' } },
    );
    await secondary.refuses(renamed, 'DelegationHashMismatch');
    await takes(secondary, await secondary.stored(), 'supplied/own.bin');
  });

  it('cannot pass the Director’s empty list for another vehicle off as its own [5.2.3.1-3]', async () => {
    const { simulator, secondary } = await start();
    secondary.options = { ids: new Set(['vehicle-a']) };
    simulator.director.targets.clear();
    simulator.director.custom = jsonObject([['vehicleId', 'vehicle-b']]);
    await simulator.publish();
    await secondary.refuses(await secondary.bundle(), 'BadEcuId');
    simulator.director.custom = jsonObject([['vehicleId', 'vehicle-a']]);
    await simulator.publish();
    assert.equal((await secondary.verify(await secondary.bundle())).kind, 'nothing_new');
  });

  it('cannot go without the Director’s Timestamp and Snapshot, once they were there [full_verification/3]', async () => {
    const { secondary, newest } = await start();
    const half = withoutFile(withoutFile(newest, 'director/timestamp'), 'director/snapshot');
    await secondary.refuses(half, 'DroppedRole::Timestamp');
  });

  for (const repository of ['director', 'image'] as const) {
    it(`cannot leave a Root of the ${repository} out of the middle [check_root/2, check_root/5]`, async () => {
      const { simulator, secondary } = await start();
      for (const generation of [1, 2]) {
        await giveKeys(simulator.repository(repository), 'root', await fixedKeys(`r${generation}`, 1), 1);
        await giveKeys(
          simulator.repository(repository),
          'timestamp',
          await fixedKeys(`t${generation}`, 1),
          1,
        );
      }
      offerToSecondary(simulator, 'after.bin');
      await simulator.publish();
      const files = await secondary.bundle();
      for (const version of [2, 3, 4]) {
        const error = await secondary.refuses(
          withoutFile(files, `${repository}/${version}.root`),
          'MetadataFetchFailure',
        );
        assert.equal(error.attack, 'partial bundle');
      }
      await takes(secondary, files, 'after.bin');
    });

    it(`cannot hold the ${repository} back at keys that were withdrawn [check_root/3, check_timestamp/2]`, async () => {
      const { simulator, secondary } = await start();
      await giveKeys(simulator.repository(repository), 'timestamp', await fixedKeys('after theft', 1), 1);
      offerToSecondary(simulator, 'after.bin');
      await simulator.publish();
      const files = await secondary.bundle();
      await secondary.refuses(withoutFile(files, `${repository}/2.root`), 'BadKeyId');
      await takes(secondary, files, 'after.bin');
    });
  }

  for (const repository of ['director', 'image'] as const) {
    it(`cannot hand the first Root of the ${repository} to an ECU that has none [5.4.1-3, check_root/1]`, async () => {
      const { secondary, newest, client } = await start();
      secondary[repository].remove('root');
      const root = client[repository].loadRoot(1);
      assert.ok(root);
      const error = await secondary.refuses(
        [...newest, { repository, role: 'root', version: 1, bytes: root }],
        'SecurityException::Root',
      );
      assert.equal(error.repository, repository);
      assert.equal(secondary[repository].load('root'), undefined);
      secondary[repository].save('root', root, 1);
      await takes(secondary, newest, 'supplied/3.bin');
    });
  }

  it('cannot hand over a world of its own [check_root/3]', async () => {
    const { secondary, newest } = await start();
    const foreign = await RepositorySimulator.create();
    for (const name of ['director', 'image'] as const) {
      const { roles } = foreign.repository(name);
      for (const [title, role] of Object.entries(roles)) role.keys = await fixedKeys(`attacker ${title}`, 1);
      roles.root.signWith = roles.root.keys;
      await foreign.repository(name).publishRoot();
    }
    offerToSecondary(foreign, 'attack.bin');
    await foreign.publish();
    const files = (['director', 'image'] as const).flatMap((name) => publishedFiles(foreign, name));
    await refusal(secondary.verify(files), 'BadKeyId');
    await takes(secondary, newest, 'supplied/3.bin');
  });
});

function publishedFiles(simulator: RepositorySimulator, repository: 'director' | 'image'): MetadataFile[] {
  const { files } = simulator.repository(repository);
  const bytes = (path: string): Uint8Array => files.get(path) ?? new Uint8Array();
  return [
    { repository, role: 'root', version: 2, bytes: bytes('2.root.json') },
    ...(['timestamp', 'snapshot', 'targets'] as const).map((role) => ({
      repository,
      role,
      bytes: bytes(`${role}.json`),
    })),
  ];
}

function expectedOfMixed(title: string): string {
  if (title.endsWith('timestamp')) return 'MetadataHashMismatch::Snapshot';
  if (title.includes('delegation')) return 'DelegationHashMismatch';
  return title.endsWith('snapshot') ? 'MetadataHashMismatch::Snapshot' : 'MetadataHashMismatch::Targets';
}

function expectedOfHalf(title: string): string {
  if (title.includes('delegation')) return 'DelegationMissing';
  if (title === 'director/timestamp') return 'DroppedRole::Timestamp';
  return title === 'director/snapshot' ? 'DroppedRole::Snapshot' : 'MetadataFetchFailure';
}
