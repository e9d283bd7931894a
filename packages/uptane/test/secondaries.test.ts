import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fixedKeys,
  giveKeys,
  PRIMARY,
  SECONDARY,
  type RepositorySimulator,
  type SimulatedDelegation,
} from '@ota-connect/testkit';
import {
  bundleSource,
  fullVerification,
  jsonObject,
  metadataForSecondary,
  parseEcuSerial,
} from '../src/index.ts';
import type { NextTarget, VehicleEcu, Verdict } from '../src/index.ts';
import { honestStart } from './client.ts';
import { MappedClient } from './mapped-client.ts';
import { offerToSecondary, provisionRoot, refusal, SecondaryClient, titlesOf } from './secondary-client.ts';

/** Without Roots: a Secondary has the newest from its provisioning. */
const FULL = (repository: string): readonly string[] =>
  ['timestamp', 'snapshot', 'targets'].map((role) => `${repository}/${role}`);

async function start(prepare?: (simulator: RepositorySimulator) => void) {
  const { simulator, client } = await honestStart(prepare);
  return { simulator, primary: client, secondary: new SecondaryClient(client) };
}

/** An image for these ECUs that only this delegated role lists. */
function offerBelow(
  simulator: RepositorySimulator,
  role: SimulatedDelegation,
  name: string,
  ecus: readonly VehicleEcu[] = [SECONDARY],
): NextTarget {
  const content = new TextEncoder().encode(name);
  const hardwareIds = ecus.map((ecu) => ecu.hardwareId);
  const target = simulator.addDelegatedImage(role, { name, content, hardwareIds });
  simulator.assign(target, ecus);
  return target;
}

describe('full verification on a Secondary', () => {
  it('takes its image from the bundle alone, which holds four roles of both repositories [5.4.2.6-1, 5.4-6, full_verification/10]', async () => {
    const { simulator, secondary } = await start();
    offerToSecondary(simulator, 'app.bin');
    await simulator.publish();
    const files = await secondary.bundle();
    assert.deepEqual(titlesOf(files), [...FULL('director'), ...FULL('image')]);
    const [target] = await secondary.updates(files);
    assert.equal(target?.name, 'app.bin');
    assert.deepEqual([...(target?.ecus ?? [])], [[SECONDARY.serial, SECONDARY.hardwareId]]);
  });

  it('takes an image behind nested delegations, and is sent the roles on the way and no others [5.4.2.6-1, 5.4.2.6-2]', async () => {
    const { simulator, secondary } = await start();
    await simulator.delegate('elsewhere', ['other/*']);
    const before = await simulator.delegate('before', ['supplied/*']);
    const middle = await simulator.delegate('middle', ['supplied/*']);
    const last = await simulator.delegate('last', ['supplied/ecu/*'], middle);
    const after = await simulator.delegate('after', ['supplied/*']);
    offerBelow(simulator, last, 'supplied/ecu/app.bin');
    offerBelow(simulator, after, 'supplied/primary.bin', [PRIMARY]);
    await simulator.publish();
    const files = await secondary.bundle();
    const roles = ['before', 'middle', 'last'].map((name) => `image/delegation ${name}`);
    assert.deepEqual(titlesOf(files), [...FULL('director'), ...FULL('image'), ...roles]);
    assert.equal((await secondary.updates(files))[0]?.name, 'supplied/ecu/app.bin');
    assert.equal(before.targets.size, 0);
  });

  it('is sent every role of a multi-role delegation on the way [5.4.2.6-1, 5.4.4.8-1]', async () => {
    const { simulator, secondary } = await start();
    const [one, two, three] = [
      await simulator.delegate('one', []),
      await simulator.delegate('two', []),
      await simulator.delegate('three', []),
    ];
    const terms = { paths: ['shared/*'], threshold: 2, terminating: true };
    simulator.image.multiRole.push({ ...terms, roles: ['one', 'two', 'three'] });
    const target = offerBelow(simulator, one, 'shared/app.bin');
    three.targets.set(target.name, target);
    await simulator.publish();
    const files = await secondary.bundle();
    const roles = ['one', 'two', 'three'].map((name) => `image/delegation ${name}`);
    assert.deepEqual(titlesOf(files).slice(-3), roles);
    assert.equal((await secondary.updates(files))[0]?.name, 'shared/app.bin');
    assert.equal(two.targets.size, 0);
  });

  it('goes the way of its own hardware, when an image is for ECUs of two kinds [5.4.2.6-2, resolve_delegations/5]', async () => {
    const { simulator, primary, secondary } = await start();
    const ecus = [PRIMARY, SECONDARY];
    for (const { hardwareId } of ecus) {
      const role = await simulator.delegate(hardwareId, ['*']);
      role.hardwareIds = [hardwareId];
      offerBelow(simulator, role, 'both.bin', ecus);
    }
    await simulator.publish();
    const [whole] = await primary.updates();
    assert.deepEqual([...(whole?.ecus.keys() ?? [])], [PRIMARY.serial, SECONDARY.serial]);
    const files = await secondary.bundle();
    assert.deepEqual(
      titlesOf(files).filter((title) => title.includes('delegation')),
      ['image/delegation secondary-hw'],
    );
    assert.equal((await secondary.updates(files)).length, 1);
  });

  it('is sent the Roots that follow its own, up to the newest [5.4.2.6-1, check_root/5]', async () => {
    const { simulator, secondary } = await start();
    offerToSecondary(simulator, 'one.bin');
    await simulator.publish();
    await secondary.updates(await secondary.bundle());
    for (const count of [1, 2]) {
      for (const name of ['director', 'image'] as const)
        await giveKeys(simulator.repository(name), 'root', await fixedKeys(`${name} ${count}`, count), count);
    }
    await simulator.director.publishRoot();
    offerToSecondary(simulator, 'two.bin');
    await simulator.publish();
    const files = await secondary.bundle();
    assert.deepEqual(
      titlesOf(files).filter((title) => title.endsWith('root')),
      ['director/2.root', 'director/3.root', 'director/4.root', 'image/2.root', 'image/3.root'],
    );
    assert.equal((await secondary.updates(files))[0]?.name, 'two.bin');
  });

  it('is sent all top-level roles, when there is no image for it [5.4.2.6-1, full_verification/6]', async () => {
    const { simulator, secondary } = await start();
    simulator.offer('primary.bin');
    await simulator.publish();
    const files = await secondary.bundle();
    assert.deepEqual(titlesOf(files), [...FULL('director'), ...FULL('image')]);
    assert.equal((await secondary.verify(files)).kind, 'nothing_new');
  });

  it('is sent neither Timestamp nor Snapshot of a Director that has none [5.4.2.6-1, full_verification/3]', async () => {
    const { simulator, secondary } = await start((fresh) => fresh.dropDirectorRoles());
    offerToSecondary(simulator, 'app.bin');
    await simulator.publish();
    const files = await secondary.bundle();
    assert.deepEqual(titlesOf(files).slice(0, 2), ['director/targets', 'image/timestamp']);
    assert.equal((await secondary.updates(files)).length, 1);
  });

  it('is sent what its mapped repositories have, by their names [5.4.2.6-1, 5.4.4.2-0]', async () => {
    const terms = { paths: ['*'], threshold: 2, terminating: true };
    const mapped = await MappedClient.create(
      [
        { ...terms, paths: ['maps/*'], repositories: ['director', 'maps'] },
        { ...terms, repositories: ['director', 'image'] },
      ],
      ['maps'],
    );
    const target = mapped.simulator.offer('maps/eu.map', 'map', [SECONDARY]);
    mapped.repository('maps').targets.set(target.name, target);
    mapped.simulator.offer('primary.bin');
    await mapped.publish();
    await mapped.verify();
    assert.notEqual(mapped.stores.get('image')?.load('root'), undefined);
    const director = {
      name: 'director',
      source: mapped.simulator.director.source,
      store: mapped.director,
    } as const;
    const { now } = mapped.simulator;
    const files = await metadataForSecondary(
      { ...SECONDARY, verification: 'full' },
      { director, image: mapped.mapped() },
      now,
    );
    assert.deepEqual(titlesOf(files), [
      'director/1.root',
      ...FULL('director'),
      'maps/1.root',
      ...FULL('maps'),
    ]);
    const own = await MappedClient.create(mapped.entries, ['maps']);
    const image = own.mapped();
    const repositories = new Map(
      [...image.repositories].map(([name, one]) => [name, { ...one, source: bundleSource(files, name) }]),
    );
    const verify = (): Promise<Verdict> =>
      fullVerification(
        { ecus: [SECONDARY], role: 'secondary' },
        { name: 'director', source: bundleSource(files, 'director'), store: own.director },
        { ...image, repositories },
        now,
      );
    provisionRoot(own.director, mapped.simulator.director);
    const error = await refusal(verify(), 'SecurityException::Root');
    assert.deepEqual([error.repository, error.details['mappedRepository']], ['image', 'maps']);
    provisionRoot(own.stores.get('maps') ?? own.director, mapped.repository('maps'));
    assert.equal((await verify()).kind, 'updates');
  });

  it('takes the Director’s word for other ECUs and compares its own image alone [full_verification/10, check_targets/8]', async () => {
    const { simulator, primary, secondary } = await start();
    offerToSecondary(simulator, 'app.bin');
    await simulator.publish();
    await primary.verify();
    const stranger = { serial: parseEcuSerial('added-later'), hardwareId: PRIMARY.hardwareId };
    simulator.offer('unknown.bin', 'unknown', [stranger]);
    simulator.image.targets.delete('unknown.bin');
    await simulator.publish();
    await primary.refuses('BadEcuId');
    const files = [
      ...(await secondary.stored()).filter((file) => file.repository === 'image' || file.role === 'root'),
      ...(['timestamp', 'snapshot', 'targets'] as const).map((role) => ({
        repository: 'director',
        role,
        bytes: simulator.director.files.get(`${role}.json`) ?? new Uint8Array(),
      })),
    ];
    assert.deepEqual(
      (await secondary.updates(files)).map(({ name }) => name),
      ['app.bin'],
    );
  });

  it('refuses other hardware and an image counted lower than it ever had [full_verification/14, 5.4.3.4-4]', async () => {
    const { simulator, secondary } = await start();
    const custom = jsonObject([['releaseCounter', 3]]);
    const content = new TextEncoder().encode('counted');
    const image = { name: 'counted.bin', content, hardwareIds: [SECONDARY.hardwareId], custom };
    simulator.assign(simulator.addImage(image), [SECONDARY], custom);
    await simulator.publish();
    const files = await secondary.bundle();
    secondary.ecu = { ...SECONDARY, releaseCounterFloor: 4 };
    await secondary.refuses(files, 'ReleaseCounter');
    secondary.ecu = { ...SECONDARY, hardwareId: PRIMARY.hardwareId };
    await secondary.refuses(files, 'BadHardwareId');
    secondary.ecu = { ...SECONDARY, releaseCounterFloor: 3 };
    assert.equal((await secondary.updates(files)).length, 1);
  });

  it('keeps the newest it verified and refuses the older after a restart [5.4.2.6-3, check_timestamp/3]', async () => {
    const { simulator, primary, secondary } = await start();
    offerToSecondary(simulator, 'old.bin');
    await simulator.publish();
    const old = await secondary.bundle();
    offerToSecondary(simulator, 'new.bin');
    await simulator.publish();
    await secondary.updates(await secondary.bundle());
    const restarted = new SecondaryClient(primary);
    for (const name of ['director', 'image'] as const) {
      for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const)
        restarted[name].save(role, secondary[name].load(role) ?? new Uint8Array(), 1);
    }
    await restarted.refuses(old, 'Rollback');
  });
});

describe('a Primary that hands metadata on', () => {
  it('hands on nothing, when its own verification refuses [5.4-5]', async () => {
    const { simulator, secondary } = await start();
    offerToSecondary(simulator, 'app.bin');
    simulator.image.targets.delete('app.bin');
    await simulator.publish();
    await refusal(secondary.bundle(), 'TargetMismatch');
  });

  for (const verification of ['full', 'partial'] as const) {
    it(`hands on nothing of what is stored and does not hold any more, for ${verification} verification [5.4-5]`, async () => {
      const { simulator, primary, secondary } = await start();
      const role = await simulator.delegate('supplier', ['*']);
      offerBelow(simulator, role, 'app.bin');
      await simulator.publish();
      await primary.verify();
      primary.image.remove({ delegation: 'supplier' });
      await refusal(secondary.stored(verification), 'DelegationMissing');
    });
  }

  it('changes nothing of its own by it [5.4.2.6-2]', async () => {
    const { simulator, primary, secondary } = await start();
    offerToSecondary(simulator, 'app.bin');
    await simulator.publish();
    await primary.verify();
    const before = [primary.director.contents(), primary.image.contents()];
    await secondary.stored();
    assert.deepEqual([primary.director.contents(), primary.image.contents()], before);
  });

  it('hands Director Root and Targets alone to a Secondary that verifies partially [5.4.2.6-1]', async () => {
    const { simulator, secondary } = await start();
    offerToSecondary(simulator, 'app.bin');
    await simulator.publish();
    const files = await secondary.bundle('partial');
    assert.deepEqual(titlesOf(files), ['director/targets']);
    const verdict = await secondary.verifyPartially(files);
    assert.equal(verdict.kind === 'update' ? verdict.target.name : '', 'app.bin');
  });
});
