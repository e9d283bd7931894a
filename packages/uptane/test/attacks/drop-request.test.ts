import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RepositorySimulator } from '@ota-connect/testkit';
import { honestStart, TestClient } from '../client.ts';

const FULL = ['timestamp.json', 'snapshot.json', 'targets.json'];

describe('Director Timestamp and Snapshot', () => {
  it('asks for all roles of the Director and remembers that it serves them [full_verification/3]', async () => {
    const simulator = await RepositorySimulator.create();
    const client = new TestClient(simulator);
    await client.verify();
    assert.deepEqual(simulator.director.requests, ['1.root.json', '2.root.json', ...FULL]);
    assert.equal(client.director.flags().directorFullRoles(), true);
  });

  it('asks for Timestamp alone, when nothing is new [full_verification/4]', async () => {
    const { simulator, client } = await honestStart();
    simulator.director.requests.length = 0;
    await client.verify();
    assert.deepEqual(simulator.director.requests, ['2.root.json', 'timestamp.json']);
  });

  it('does not ask the Image repository, when nothing is new [full_verification/6]', async () => {
    const simulator = await RepositorySimulator.create();
    assert.equal((await new TestClient(simulator).verify()).kind, 'nothing_new');
    assert.deepEqual(simulator.image.requests, []);
  });

  it('goes without them with a Director that never served them [full_verification/3]', async () => {
    const simulator = await RepositorySimulator.create({ directorFullRoles: false });
    const client = new TestClient(simulator);
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    assert.equal(client.director.flags().directorFullRoles(), false);
  });

  it('goes without them with a Director whose Root names no keys for them [full_verification/3]', async () => {
    const { simulator, client } = await honestStart((fresh) => fresh.dropDirectorRoles());
    simulator.director.roles.root.edit = (signed) => {
      const { root, targets } = signed['roles'] as Record<string, never>;
      return { ...signed, roles: { root, targets } } as never;
    };
    await simulator.director.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    simulator.director.requests.length = 0;
    await client.verify();
    assert.ok(!simulator.director.requests.includes('timestamp.json'));
  });

  it('refuses a Root that drops their keys from a Director that served them [full_verification/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.director.roles.root.edit = (signed) => {
      const { root, targets } = signed['roles'] as Record<string, never>;
      return { ...signed, roles: { root, targets } } as never;
    };
    await simulator.director.publishRoot();
    await client.refuses('DroppedRole::Timestamp');
  });

  it('demands them at once, when they are required [full_verification/3]', async () => {
    const simulator = await RepositorySimulator.create({ directorFullRoles: false });
    const client = new TestClient(simulator);
    client.vehicle = { ...client.vehicle, directorFullRoles: 'required' };
    assert.equal((await client.refuses('DroppedRole::Timestamp')).attack, 'drop-request');
  });

  it('does not ask for them and forgets them, when they are off [full_verification/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.dropDirectorRoles();
    await client.refuses('DroppedRole::Timestamp');
    client.vehicle = { ...client.vehicle, directorFullRoles: 'off' };
    simulator.director.requests.length = 0;
    await client.verify();
    assert.deepEqual(simulator.director.requests, ['2.root.json', 'targets.json']);
    client.vehicle = { ...client.vehicle, directorFullRoles: 'auto' };
    assert.equal((await client.updates())[0]?.name, 'honest.bin');
  });

  it('holds the version of Targets from before the Director served them [check_targets/4]', async () => {
    const { simulator, client } = await honestStart((fresh) => fresh.dropDirectorRoles());
    simulator.director.overrides.clear();
    simulator.director.roles.targets.version -= 2;
    simulator.offer('app.bin');
    await simulator.publish();
    await client.refuses('Rollback');
  });

  it('tells a request that failed from a file that is not there [full_verification/15]', async () => {
    const { simulator, client } = await honestStart((fresh) => fresh.dropDirectorRoles());
    const cause = new Error('connection reset');
    simulator.director.overrides.set('timestamp.json', cause);
    const error = await client.refuses('MetadataFetchFailure::Timestamp::Director');
    assert.equal(error.cause, cause);
  });
});
