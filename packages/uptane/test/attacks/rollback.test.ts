import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  attacks,
  delegatedHistoryAttacks,
  fixedKeys,
  giveKeys,
  prepareDelegatedHistory,
  type RepositorySimulator,
  withNested,
} from '@ota-connect/testkit';
import { jsonObject } from '../../src/index.ts';
import { goesOn, honestStart, itRefuses, TestClient } from '../client.ts';

/** A Director as the original's, with two states that a client has seen: the last one offers app.bin. */
async function originalDirector() {
  const start = await honestStart((simulator) => simulator.dropDirectorRoles());
  start.simulator.offer('app.bin');
  await start.simulator.publish();
  assert.equal((await start.client.updates())[0]?.name, 'app.bin');
  return start;
}

describe('rollback', () => {
  for (const attack of attacks) if (attack.group === 'rollback') itRefuses(attack);
  for (const attack of delegatedHistoryAttacks) itRefuses(attack, prepareDelegatedHistory);

  it('refuses older Targets of a Director without Snapshot [check_targets/4]', async () => {
    const { simulator, client } = await originalDirector();
    simulator.director.replay(-2, 'targets.json');
    await client.refuses('Rollback');
  });

  it('refuses them after a new Root that rotated nothing [check_root/7]', async () => {
    const { simulator, client } = await originalDirector();
    await simulator.director.publishRoot();
    simulator.director.replay(-2, 'targets.json');
    await client.refuses('Rollback');
  });

  it('refuses them after a new Root that withdrew the Timestamp and Snapshot keys [check_root/7]', async () => {
    const { simulator, client } = await originalDirector();
    await exchange(simulator, 'director', ['timestamp', 'snapshot']);
    simulator.director.replay(-2, 'targets.json');
    await client.refuses('Rollback');
  });

  it('refuses them after an update that failed in between [check_targets/4]', async () => {
    const { simulator, client } = await originalDirector();
    simulator.director.targets.clear();
    simulator.offer('mismatch.bin');
    simulator.image.targets.delete('mismatch.bin');
    await simulator.publish();
    await client.refuses('TargetMismatch');
    simulator.director.replay(-2, 'targets.json');
    await client.refuses('Rollback');
  });

  it('refuses them after the image was installed and the list emptied [check_targets/4]', async () => {
    const { simulator, client } = await originalDirector();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    assert.equal((await client.verify()).kind, 'nothing_new');
    simulator.director.targets.clear();
    await simulator.publish();
    assert.equal((await client.verify()).kind, 'nothing_new');
    simulator.director.replay(-2, 'targets.json');
    await client.refuses('Rollback');
  });

  for (const name of ['director', 'image'] as const) {
    it(`refuses an older state of the ${name} repository after a new Root that rotated nothing [check_root/7]`, async () => {
      const { simulator, client } = await honestStart();
      simulator.offer('app.bin');
      await simulator.publish();
      await client.updates();
      await simulator.repository(name).publishRoot();
      simulator.repository(name).replay(1);
      await client.refuses('Rollback');
    });

    it(`refuses it when the new ${name} Root asks for more signatures or adds a key [check_root/7]`, async () => {
      const { simulator, client } = await honestStart();
      simulator.offer('app.bin');
      await simulator.publish();
      await client.updates();
      const { timestamp } = simulator.repository(name).roles;
      timestamp.keys = [...timestamp.keys, ...(await fixedKeys('added', 1))];
      timestamp.threshold = 2;
      timestamp.version -= 2;
      await simulator.repository(name).publishRoot();
      await simulator.publish();
      await client.refuses('Rollback');
    });
  }

  it('refuses it after a restart [check_timestamp/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    await client.updates();
    const restarted = new TestClient(simulator);
    Object.assign(restarted, { director: client.director, image: client.image });
    simulator.image.replay(1);
    await restarted.refuses('Rollback');
  });

  it('takes a restored backup for its memory: what was seen since is forgotten, what is older stays refused [check_timestamp/3]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.publish();
    await client.verify();
    const backup = { director: client.director.copy(), image: client.image.copy() };
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    const restored = new TestClient(simulator);
    Object.assign(restored, backup);
    for (const name of ['director', 'image'] as const) simulator.repository(name).replay(-2);
    assert.equal((await restored.verify()).kind, 'nothing_new');
    simulator.director.replay(0);
    await restored.refuses('Rollback');
    await goesOn(simulator, restored);
  });

  it('does not even ask for a Snapshot that is older, as Timestamp lists it [check_timestamp/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.snapshot.version -= 2;
    await simulator.publish();
    simulator.image.requests.length = 0;
    await client.refuses('Rollback');
    assert.deepEqual(simulator.image.requests, ['2.root.json', 'timestamp.json']);
  });

  it('refuses an older Snapshot, when no Timestamp is known any more [check_snapshot/4]', async () => {
    const { simulator, client } = await honestStart();
    client.image.remove('timestamp');
    simulator.offer('app.bin');
    simulator.image.roles.snapshot.version -= 2;
    await simulator.publish();
    assert.equal((await client.refuses('Rollback')).role, 'Snapshot');
  });

  it('lets Snapshot list Root or not: Root has its own chain [check_snapshot/6, 5.2.4-2]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.snapshot.edit = withNested(['meta', 'root.json'], undefined);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('takes an equal version with other content [check_timestamp/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    for (const role of ['targets', 'snapshot', 'timestamp'] as const)
      simulator.image.roles[role].version -= 1;
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'app.bin');
  });
});

describe('fast-forward recovery', () => {
  const LAST = Number.MAX_SAFE_INTEGER - 1;

  for (const name of ['director', 'image'] as const) {
    it(`accepts lower versions of the ${name} repository once Root withdrew the stolen keys [check_root/7]`, async () => {
      const { simulator, client } = await honestStart();
      const { roles } = simulator.repository(name);
      const honest = {
        targets: roles.targets.version,
        snapshot: roles.snapshot.version,
        timestamp: roles.timestamp.version,
      };
      for (const role of ['targets', 'snapshot', 'timestamp'] as const) roles[role].version = LAST;
      simulator.offer('app.bin');
      await simulator.publish();
      await client.updates();
      for (const role of ['targets', 'snapshot', 'timestamp'] as const) roles[role].version = honest[role];
      await simulator.publish();
      await client.refuses('Rollback');
      await exchange(simulator, name, ['snapshot', 'timestamp']);
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
    });
  }

  it('accepts lower versions once one of several stolen keys was withdrawn [check_root/7]', async () => {
    const { simulator, client } = await honestStart();
    const { roles } = simulator.image;
    const [kept, stolen, next] = await fixedKeys('timestamp', 3);
    assert.ok(kept && stolen && next);
    await giveKeys(simulator.image, 'timestamp', [kept, stolen], 1);
    const honest = roles.timestamp.version;
    roles.timestamp.version = LAST;
    simulator.offer('app.bin');
    await simulator.publish();
    await client.updates();
    roles.timestamp.version = honest;
    await giveKeys(simulator.image, 'timestamp', [kept, next], 1);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  for (const withdrawn of ['timestamp', 'snapshot'] as const) {
    it(`forgets Timestamp and Snapshot when the ${withdrawn} key was withdrawn, and nothing else [check_root/7]`, async () => {
      const { simulator, client } = await honestStart();
      await exchange(simulator, 'image', [withdrawn]);
      simulator.offer('app.bin');
      await simulator.publish();
      simulator.image.overrides.set('timestamp.json', 'absent');
      await client.refuses('MetadataFetchFailure::Timestamp::Image');
      assert.equal(client.image.load('timestamp'), undefined);
      assert.equal(client.image.load('snapshot'), undefined);
      assert.notEqual(client.image.load('targets'), undefined);
      await goesOn(simulator, client);
    });
  }
});

describe('release counters', () => {
  const offerCounted = (simulator: RepositorySimulator, name: string, counter: number | undefined): void => {
    const custom = jsonObject(counter === undefined ? [] : [['releaseCounter', counter]]);
    const content = new TextEncoder().encode(name);
    simulator.director.targets.clear();
    simulator.assign(
      simulator.addImage({ name, content, hardwareIds: ['primary-hw'], custom }),
      undefined,
      custom,
    );
  };

  const start = async () => {
    const started = await honestStart();
    offerCounted(started.simulator, 'counted-5.bin', 5);
    await started.simulator.publish();
    const [target] = await started.client.updates();
    assert.equal(target?.releaseCounter, 5);
    if (target !== undefined) started.client.installs(target);
    return started;
  };

  it('refuses a lower counter although metadata versions rise [full_verification/14]', async () => {
    const { simulator, client } = await start();
    offerCounted(simulator, 'counted-4.bin', 4);
    await simulator.publish();
    assert.equal((await client.refuses('ReleaseCounter')).attack, 'rollback');
    await goesOnCounted(simulator, client);
  });

  it('refuses an image without a counter where one with a counter runs [full_verification/14]', async () => {
    const { simulator, client } = await start();
    offerCounted(simulator, 'uncounted.bin', undefined);
    await simulator.publish();
    await client.refuses('ReleaseCounter');
  });

  it('accepts an image without a counter, when the device was moved to an original Director [full_verification/14]', async () => {
    const { simulator, client } = await start();
    client.vehicle = { ...client.vehicle, directorFullRoles: 'off' };
    offerCounted(simulator, 'uncounted.bin', undefined);
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'uncounted.bin');
    offerCounted(simulator, 'lower.bin', 4);
    await simulator.publish();
    await client.refuses('ReleaseCounter');
  });

  it('refuses a counter lower than one that the ECU had before it went back to an older image [full_verification/14]', async () => {
    const { simulator, client } = await start();
    const [primary] = client.vehicle.ecus;
    assert.ok(primary);
    for (const installed of [
      { name: 'older.bin', lengthBytes: 1, hashes: {}, releaseCounter: 3 },
      undefined,
    ]) {
      const { serial, hardwareId } = primary;
      const ecu = {
        serial,
        hardwareId,
        releaseCounterFloor: 5,
        ...(installed === undefined ? {} : { installed }),
      };
      client.vehicle = { ecus: [ecu] };
      for (const counter of [4, undefined]) {
        offerCounted(simulator, `counted-${counter}.bin`, counter);
        await simulator.publish();
        await client.refuses('ReleaseCounter');
      }
    }
    await goesOnCounted(simulator, client);
  });

  it('holds the image that runs, when its counter is above the floor [full_verification/14]', async () => {
    const { simulator, client } = await start();
    const ecus = client.vehicle.ecus.map((ecu) => ({ ...ecu, releaseCounterFloor: 2 }));
    client.vehicle = { ecus };
    offerCounted(simulator, 'counted-4.bin', 4);
    await simulator.publish();
    await client.refuses('ReleaseCounter');
  });

  it('accepts an equal counter under a new name [full_verification/14]', async () => {
    const { simulator, client } = await start();
    await goesOnCounted(simulator, client);
  });

  for (const only of ['Director', 'Image repository'] as const) {
    it(`refuses a counter that the ${only} alone states, however high [full_verification/14]`, async () => {
      const { simulator, client } = await start();
      const content = new TextEncoder().encode('one-sided');
      const custom = jsonObject([['releaseCounter', Number.MAX_SAFE_INTEGER]]);
      const image = { name: 'one-sided.bin', content, hardwareIds: ['primary-hw'] };
      simulator.director.targets.clear();
      const target = simulator.addImage(only === 'Director' ? image : { ...image, custom });
      simulator.assign(target, undefined, only === 'Director' ? custom : undefined);
      await simulator.publish();
      await client.refuses('ReleaseCounter');
      await goesOnCounted(simulator, client);
    });
  }

  const goesOnCounted = async (simulator: RepositorySimulator, client: TestClient): Promise<void> => {
    offerCounted(simulator, 'counted-5b.bin', 5);
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'counted-5b.bin');
  };
});

async function exchange(
  simulator: RepositorySimulator,
  name: 'director' | 'image',
  roles: readonly ('timestamp' | 'snapshot' | 'targets')[],
): Promise<void> {
  const repository = simulator.repository(name);
  for (const role of roles) repository.roles[role].keys = await fixedKeys(`exchanged ${name} ${role}`, 1);
  await repository.publishRoot();
}
