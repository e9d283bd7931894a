import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  attacks,
  fixedKeys,
  offerDelegated,
  type RepositorySimulator,
  type SimulatedDelegation,
} from '@ota-connect/testkit';
import { DEFAULT_LIMITS, type JsonObject } from '../../src/index.ts';
import { honestStart, itRefuses } from '../client.ts';

/** The last of roles that delegate one to the next. */
async function chainOf(simulator: RepositorySimulator, depth: number): Promise<SimulatedDelegation> {
  let last = await simulator.delegate('level-1', ['*']);
  for (let level = 2; level <= depth; level += 1)
    last = await simulator.delegate(`level-${level}`, ['*'], last);
  return last;
}

function offerAt(simulator: RepositorySimulator, role: SimulatedDelegation): void {
  const image = { name: 'deep.bin', content: new TextEncoder().encode('x'), hardwareIds: ['primary-hw'] };
  simulator.assign(simulator.addDelegatedImage(role, image));
}

describe('delegations', () => {
  for (const attack of attacks) if (attack.group === 'delegations') itRefuses(attack);

  it('finds an image that a delegated role alone lists [resolve_delegations/1]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'supplied/app.bin');
    assert.notEqual(client.image.load({ delegation: 'supplier' }), undefined);
  });

  it('asks for a delegated role once and uses the stored one afterwards [resolve_delegations/2, full_verification/8]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    await client.updates();
    simulator.image.requests.length = 0;
    await client.updates();
    assert.deepEqual(simulator.image.requests, ['2.root.json', 'timestamp.json']);
    assert.equal((await client.verifyStored()).kind, 'updates');
  });

  it('verifies a stored role again, when its delegator names other keys [resolve_delegations/2]', async () => {
    const { simulator, client } = await honestStart();
    const delegation = await offerDelegated(simulator);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    delegation.signWith = delegation.keys;
    delegation.keys = await fixedKeys('other supplier', 1);
    await simulator.publish();
    await client.refuses('BadKeyId');
  });

  it('asks for the roles whose paths match, in order, and no other [resolve_delegations/5]', async () => {
    const { simulator, client } = await honestStart();
    await simulator.delegate('other', ['other/*']);
    await simulator.delegate('broad', ['*.bin']);
    await offerDelegated(simulator);
    await simulator.publish();
    simulator.image.requests.length = 0;
    await client.updates();
    const asked = simulator.image.requests.filter((path) => path.startsWith('delegations/'));
    assert.deepEqual(asked, ['delegations/broad.json', 'delegations/supplier.json']);
  });

  it('accepts two signatures for a threshold of two [check_targets/3, 5.2.3.2-7]', async () => {
    const { simulator, client } = await honestStart();
    const delegation = await offerDelegated(simulator);
    delegation.keys = await fixedKeys('supplier', 2);
    delegation.threshold = 2;
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('lets top-level Targets decide, when both list the image [resolve_delegations/3]', async () => {
    const { simulator, client } = await honestStart();
    const { targets } = await offerDelegated(simulator);
    for (const [name, target] of targets) simulator.image.targets.set(name, target);
    await simulator.publish();
    simulator.image.requests.length = 0;
    assert.equal((await client.updates()).length, 1);
    assert.ok(!simulator.image.requests.some((path) => path.startsWith('delegations/')));
  });

  it('lets the earlier role decide, when two list the image [resolve_delegations/3]', async () => {
    const { simulator, client } = await honestStart();
    const first = await offerDelegated(simulator);
    const later = await simulator.delegate('later', ['*']);
    for (const [name, target] of first.targets) later.targets.set(name, { ...target, lengthBytes: 1 });
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('ends at an expired role, although a later one has the image, and keeps it not [check_targets/5, resolve_delegations/2]', async () => {
    const { simulator, client } = await honestStart();
    const first = await offerDelegated(simulator);
    const later = await simulator.delegate('later', ['supplied/*']);
    for (const [name, target] of first.targets) later.targets.set(name, target);
    first.expires = simulator.now;
    await simulator.publish();
    const error = await client.refuses('TargetMismatch');
    assert.equal(error.attack, 'freeze');
    assert.equal((error.cause as { code?: string }).code, 'ExpiredMetadata');
    assert.equal(client.image.load({ delegation: 'supplier' }), undefined);
  });

  it('accepts a delegation for the hardware of the ECU [resolve_delegations/5]', async () => {
    const { simulator, client } = await honestStart();
    (await offerDelegated(simulator)).hardwareIds = ['primary-hw', 'other-hw'];
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('binds a delegation to the hardware that stands beside its custom data too [resolve_delegations/5]', async () => {
    for (const [beside, found] of [
      [['primary-hw'], 1],
      [['other-hw'], 0],
    ] as const) {
      const { simulator, client } = await honestStart();
      (await offerDelegated(simulator)).hardwareIds = ['primary-hw', 'other-hw'];
      simulator.image.roles.targets.edit = (signed) => {
        const delegations = signed['delegations'] as { roles: JsonObject[] };
        const roles = delegations.roles.map((role) => ({ ...role, hardwareIds: beside }));
        return { ...signed, delegations: { ...delegations, roles } };
      };
      await simulator.publish();
      if (found === 1) assert.equal((await client.updates()).length, 1);
      else await client.refuses('TargetMismatch');
    }
  });

  it('gives a child only what every delegator above it was given [resolve_delegations/5]', async () => {
    const { simulator, client } = await honestStart();
    const parent = await simulator.delegate('parent', ['parent/*']);
    const child = await simulator.delegate('child', ['*'], parent);
    const content = new TextEncoder().encode('x');
    simulator.assign(
      simulator.addDelegatedImage(child, { name: 'escaped.bin', content, hardwareIds: ['primary-hw'] }),
    );
    await simulator.publish();
    await client.refuses('TargetMismatch');
    simulator.director.targets.clear();
    simulator.assign(
      simulator.addDelegatedImage(child, { name: 'parent/in.bin', content, hardwareIds: ['primary-hw'] }),
    );
    child.version += 1;
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'parent/in.bin');
  });

  it('asks nothing of a delegation without paths [resolve_delegations/5]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    simulator.image.roles.targets.edit = (signed) =>
      JSON.parse(
        JSON.stringify(signed).replace('"paths":["supplied/*"]', '"path_hash_prefixes":["00"]'),
      ) as typeof signed;
    await simulator.publish();
    await client.refuses('TargetMismatch');
    assert.ok(!simulator.image.requests.some((path) => path.startsWith('delegations/')));
  });

  for (const depth of [1, 6, 32]) {
    it(`follows a chain of ${depth} roles [resolve_delegations/1, 5.2.3.2-1]`, async () => {
      const { simulator, client } = await honestStart();
      offerAt(simulator, await chainOf(simulator, depth));
      await simulator.publish();
      assert.equal((await client.updates())[0]?.name, 'deep.bin');
    });
  }

  it('searches no deeper than its bound, and asks nobody else then [resolve_delegations/1, resolve_delegations/3]', async () => {
    const { simulator, client } = await honestStart();
    const last = await chainOf(simulator, 33);
    const later = await simulator.delegate('later', ['*']);
    offerAt(simulator, last);
    // The same, as the Director says it: passing over the role that decides is the fault, whoever comes next.
    offerAt(simulator, later);
    await simulator.publish();
    const error = await client.refuses('TargetMismatch');
    assert.deepEqual([error.attack, error.role, error.repository], ['endless data', 'level-32', 'image']);
    assert.ok(!simulator.image.requests.includes('delegations/later.json'));
  });

  it('ends on a cycle [resolve_delegations/6]', async () => {
    const { simulator, client } = await honestStart();
    const one = await simulator.delegate('one', ['*']);
    const two = await simulator.delegate('two', ['*'], one);
    two.delegations.push(one);
    simulator.offer('nowhere.bin');
    simulator.image.targets.delete('nowhere.bin');
    await simulator.publish();
    const limits = { ...DEFAULT_LIMITS, delegationDepth: 100, delegationVisits: 10 };
    client.vehicle = { ...client.vehicle, limits };
    // Not by the bound on visits, whose attack is another.
    assert.equal((await client.refuses('TargetMismatch')).attack, 'mix-and-match');
  });

  it('takes role names that mean something to JavaScript or to paths as plain data [resolve_delegations/1, 5.2.7-3]', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', '../x', '?', '#', '/x']) {
      const { simulator, client } = await honestStart();
      const delegation = await simulator.delegate(name, ['supplied/*']);
      const content = new TextEncoder().encode(name);
      const image = { name: 'supplied/app.bin', content, hardwareIds: ['primary-hw'] };
      simulator.assign(simulator.addDelegatedImage(delegation, image));
      await simulator.publish();
      assert.equal((await client.updates()).length, 1, name);
      assert.ok(simulator.image.requests.includes(`delegations/${encodeURIComponent(name)}.json`), name);
    }
  });

  it('needs no role that was revoked after the image was verified [resolve_delegations/6]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    await client.updates();
    simulator.director.targets.clear();
    simulator.image.roles.targets.edit = (signed) => ({ ...signed, delegations: { keys: {}, roles: [] } });
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'app.bin');
  });
});
