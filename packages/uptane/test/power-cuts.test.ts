// The power goes, or a write fails, at every call of a store during a cycle that follows new Roots, withdraws keys and
// takes new metadata: the next cycle comes to the same end.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FaultPoints,
  fixedKeys,
  type MemoryMetadataStore,
  offerDelegated,
  RepositorySimulator,
} from '@ota-connect/testkit';
import { CodedError, fullVerification, type Verdict } from '../src/index.ts';
import { honestStart, TestClient } from './client.ts';

type Stores = { readonly director: MemoryMetadataStore; readonly image: MemoryMetadataStore };

const essence = (verdict: Verdict): unknown =>
  verdict.kind === 'updates' ? verdict.targets.map((target) => target.name) : verdict.kind;

function cycle(simulator: RepositorySimulator, stores: Stores): Promise<Verdict> {
  return fullVerification(
    simulator.vehicle,
    { name: 'director', source: simulator.director.source, store: stores.director },
    { name: 'image', source: simulator.image.source, store: stores.image },
    simulator.now,
  );
}

/**
 * Two of two keys of Timestamp and Snapshot were stolen, and the vehicle has taken absurd versions; Root withdraws one of
 * the keys, and honest versions go on.
 */
async function vehicleAfterTheft(): Promise<{ simulator: RepositorySimulator; before: Stores }> {
  const simulator = await RepositorySimulator.create();
  const { image } = simulator;
  const online = [image.roles.timestamp, image.roles.snapshot];
  const [stolen, alsoStolen, fresh] = await fixedKeys('online', 3);
  assert.ok(stolen && alsoStolen && fresh);
  for (const role of online) Object.assign(role, { keys: [stolen, alsoStolen], threshold: 2 });
  await image.publishRoot();
  simulator.offer('app.bin');
  await simulator.publish();
  const client = new TestClient(simulator);
  const versions = online.map(({ version }) => version);
  for (const role of online) role.version = 9_000_000_000_000;
  await simulator.publish();
  await client.verify();
  for (const role of online) Object.assign(role, { keys: [alsoStolen, fresh] });
  for (const [index, role] of online.entries()) role.version = (versions[index] ?? 0) + 1;
  await image.publishRoot();
  await simulator.publish();
  return { simulator, before: { director: client.director, image: client.image } };
}

/** A vehicle that has seen one state, and a world that moved on by a rotation, a delegation and a new image. */
async function oldVehicleInNewWorld(): Promise<{
  simulator: RepositorySimulator;
  stores: () => Promise<Stores>;
}> {
  const { simulator, client } = await honestStart();
  const before = { director: client.director, image: client.image };
  for (const name of ['director', 'image'] as const) {
    const repository = simulator.repository(name);
    await repository.publishRoot();
    repository.roles.snapshot.keys = await fixedKeys(`${name} snapshot after`, 1);
    await repository.publishRoot();
  }
  await offerDelegated(simulator);
  await simulator.publish();
  return {
    simulator,
    stores: async () => ({ director: before.director.copy(), image: before.image.copy() }),
  };
}

const storageFailure = (): Error => new CodedError('StorageError', 'disk_full', 'No space is left.');

describe('full verification and failing stores', () => {
  for (const plan of [
    { kind: 'power cut', when: 'before' },
    { kind: 'power cut', when: 'after' },
    { kind: 'throw', when: 'before', error: storageFailure },
  ] as const) {
    it(`comes to the same end after a ${plan.kind} ${plan.when} any call of a store [full_verification/15]`, async () => {
      const { simulator, stores } = await oldVehicleInNewWorld();
      const whole = await stores();
      const counter = new FaultPoints();
      const end = essence(
        await cycle(simulator, { director: counter.wrap(whole.director), image: counter.wrap(whole.image) }),
      );
      assert.deepEqual(end, ['supplied/app.bin']);
      assert.ok(counter.calls.length > 20);
      for (let at = 1; at <= counter.calls.length; at += 1) {
        const own = await stores();
        const faults = new FaultPoints({ ...plan, at });
        await assert.rejects(
          cycle(simulator, { director: faults.wrap(own.director), image: faults.wrap(own.image) }),
        );
        assert.deepEqual(essence(await cycle(simulator, own)), end, `call ${at}: ${counter.calls[at - 1]}`);
        assert.deepEqual(own.image.contents(), whole.image.contents());
        assert.deepEqual(own.director.contents(), whole.director.contents());
      }
    });
  }

  for (const when of ['before', 'after'] as const) {
    it(`takes honest versions again, once a stolen key was withdrawn, after a power cut ${when} any call of a store [check_root/7]`, async () => {
      const { simulator, before } = await vehicleAfterTheft();
      const counter = new FaultPoints();
      const whole = { director: before.director.copy(), image: before.image.copy() };
      await cycle(simulator, { director: whole.director, image: counter.wrap(whole.image) });
      for (let at = 1; at <= counter.calls.length; at += 1) {
        const own = { director: before.director.copy(), image: before.image.copy() };
        const faults = new FaultPoints({ kind: 'power cut', when, at });
        await assert.rejects(cycle(simulator, { director: own.director, image: faults.wrap(own.image) }));
        assert.deepEqual(essence(await cycle(simulator, own)), ['app.bin'], `call ${at}`);
        assert.deepEqual(own.image.contents(), whole.image.contents());
      }
    });
  }

  it('forgets nothing before the Root that withdraws the key is saved [check_root/7]', async () => {
    const { simulator, before } = await vehicleAfterTheft();
    const faults = new FaultPoints();
    await cycle(simulator, { director: before.director, image: faults.wrap(before.image) });
    assert.ok(faults.calls.includes('saveRoot'));
    assert.ok(!faults.calls.includes('remove'));
  });

  it('lets an error of the store through as it is [full_verification/15]', async () => {
    const { simulator, stores } = await oldVehicleInNewWorld();
    const own = await stores();
    const faults = new FaultPoints({ kind: 'throw', at: 1, error: storageFailure });
    const run = cycle(simulator, { director: faults.wrap(own.director), image: own.image });
    await assert.rejects(run, (error) => error instanceof CodedError && error.family === 'StorageError');
  });
});
