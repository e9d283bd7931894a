// Which roles a Director serves, and what is remembered and forgotten of it; attacks on it are in attacks/drop-request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedKeys, giveKeys, RepositorySimulator, withNested } from '@ota-connect/testkit';
import { honestStart, TestClient } from './client.ts';

describe('a Director', () => {
  for (const role of ['timestamp', 'snapshot'] as const) {
    it(`whose Root names no ${role} keys is one of Root and Targets alone [full_verification/3]`, async () => {
      const simulator = await RepositorySimulator.create();
      simulator.director.roles.root.edit = withNested(['roles', role], undefined);
      await simulator.director.publishRoot();
      simulator.offer('app.bin');
      await simulator.publish();
      const client = new TestClient(simulator);
      assert.equal((await client.updates())[0]?.name, 'app.bin');
      assert.equal(client.director.flags().directorFullRoles(), false);
      assert.ok(!simulator.director.requests.some((path) => /^(timestamp|snapshot)/.test(path)));
    });
  }

  it('that serves Timestamp without Snapshot is refused from the first contact on [full_verification/4]', async () => {
    const simulator = await RepositorySimulator.create();
    simulator.director.overrides.set('snapshot.json', 'absent');
    const client = new TestClient(simulator);
    await client.refuses('MetadataFetchFailure::Snapshot::Director');
  });

  for (const role of ['timestamp', 'snapshot'] as const) {
    it(`that was seen to serve all roles may drop ${role} no more, even if Targets was withheld then [full_verification/4]`, async () => {
      const simulator = await RepositorySimulator.create();
      simulator.director.overrides.set('targets.json', 'absent');
      const client = new TestClient(simulator);
      await client.refuses('MetadataFetchFailure::Targets::Director');
      simulator.director.overrides.clear();
      simulator.director.overrides.set(`${role}.json`, 'absent');
      await simulator.publish();
      await client.refuses('DroppedRole');
    });
  }

  it('is named when it drops a role, or lists no Targets [full_verification/16]', async () => {
    const { simulator, client } = await honestStart();
    simulator.director.overrides.set('timestamp.json', 'absent');
    assert.equal((await client.refuses('DroppedRole::Timestamp')).repository, 'director');
    simulator.director.overrides.clear();
    const fresh = new TestClient(simulator);
    simulator.director.roles.snapshot.edit = withNested(['meta', 'targets.json'], undefined);
    await simulator.publish();
    assert.equal((await fresh.refuses('VersionMismatch::Targets')).repository, 'director');
  });

  it('of Root and Targets alone, as an operator says, leaves no Timestamp and Snapshot behind [full_verification/3]', async () => {
    const { client } = await honestStart();
    client.vehicle = { ...client.vehicle, directorFullRoles: 'off' };
    await client.verify();
    assert.equal(client.director.load('timestamp'), undefined);
    assert.equal(client.director.load('snapshot'), undefined);
    assert.equal(client.director.flags().directorFullRoles(), false);
  });

  it('is forgotten too, when its Snapshot was verified and its Targets were withheld [full_verification/3]', async () => {
    const simulator = await RepositorySimulator.create();
    simulator.offer('app.bin');
    await simulator.publish();
    const client = new TestClient(simulator);
    simulator.director.overrides.set('targets.json', 'absent');
    await client.refuses('MetadataFetchFailure');
    simulator.director.overrides.clear();
    simulator.dropDirectorRoles();
    const { vehicle } = client;
    client.vehicle = { ...vehicle, directorFullRoles: 'off' };
    assert.equal((await client.verify()).kind, 'updates');
    client.vehicle = vehicle;
    assert.equal((await client.verify()).kind, 'updates');
  });

  it('is forgotten once, not at every poll [full_verification/3]', async () => {
    const { simulator, client } = await honestStart();
    client.vehicle = { ...client.vehicle, directorFullRoles: 'off' };
    await client.verify();
    const kept = simulator.director.files.get('timestamp.json') ?? new Uint8Array();
    client.director.save('timestamp', kept, 1);
    await client.verify();
    assert.deepEqual(client.director.load('timestamp'), kept);
  });

  it('of Root and Targets alone may go back to lower versions, once Root withdrew the stolen Targets key [check_root/7]', async () => {
    const { simulator, client } = await honestStart((fresh) => fresh.dropDirectorRoles());
    const { targets } = simulator.director.roles;
    const honest = targets.version;
    targets.version = Number.MAX_SAFE_INTEGER - 1;
    await simulator.publish();
    await client.verify();
    targets.version = honest;
    simulator.offer('app.bin');
    await simulator.publish();
    await client.refuses('Rollback');
    await giveKeys(simulator.director, 'targets', await fixedKeys('after the theft', 1), 1);
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'app.bin');
  });
});
