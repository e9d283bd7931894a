// Whoever holds the key of one delegated role makes the search below it as dear as can be: many ways to the same roles,
// large roles, many keys and signatures, slow patterns, ever new names.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedKeys, offerDelegated, SECONDARY } from '@ota-connect/testkit';
import { addSeconds, DEFAULT_LIMITS, type Limits } from '../../src/index.ts';
import { honestStart } from '../client.ts';

const ENDLESS = 'endless data';

/** Six roles below the supplier's, each of which delegates to the five others. */
async function entangled() {
  const { simulator, client } = await honestStart();
  const supplier = await simulator.delegate('supplier', ['*']);
  const roles = [];
  for (let at = 0; at < 6; at += 1) roles.push(await simulator.delegate(`role-${at}`, ['*'], supplier));
  for (const role of roles) role.delegations.push(...roles.filter((other) => other !== role));
  simulator.offer('nowhere.bin');
  simulator.image.targets.delete('nowhere.bin');
  return { simulator, client, supplier, roles };
}

async function refusesWithin(limits: Partial<Limits>, text: RegExp): Promise<void> {
  const { simulator, client } = await entangled();
  await simulator.publish();
  client.vehicle = { ...client.vehicle, limits: { ...DEFAULT_LIMITS, delegationVisits: 50, ...limits } };
  const error = await client.refuses('TargetMismatch');
  assert.equal(error.attack, ENDLESS);
  assert.match(error.message, text);
}

describe('search through delegations', () => {
  it('fetches and reads a role once, whatever number of ways leads to it [resolve_delegations/5]', async () => {
    const { simulator, client } = await entangled();
    await simulator.publish();
    let loads = 0;
    const load = client.image.load.bind(client.image);
    client.image.load = (role) => {
      if (typeof role === 'object') loads += 1;
      return load(role);
    };
    await client.refuses('TargetMismatch');
    const asked = simulator.image.requests.filter((path) => path.startsWith('delegations/'));
    assert.equal(asked.length, 7);
    // Once to see whether it is there, once to see whether it changed.
    assert.equal(loads, 14);
  });

  it('verifies a role anew for a delegator that trusts other keys [resolve_delegations/2]', async () => {
    const { simulator, client } = await honestStart();
    const one = await simulator.delegate('one', ['*']);
    const two = await simulator.delegate('two', ['*']);
    const shared = await simulator.delegate('shared', ['*'], one);
    two.delegations.push(shared);
    simulator.offer('nowhere.bin');
    simulator.image.targets.delete('nowhere.bin');
    const [stranger] = await fixedKeys('stranger', 1);
    two.edit = (signed) => {
      const text = JSON.stringify(signed);
      const ids = /"delegations":\{"keys":\{"([0-9a-f]+)"/.exec(text);
      assert.ok(stranger && ids?.[1]);
      return JSON.parse(text.replaceAll(ids[1], 'ab'.repeat(32))) as typeof signed;
    };
    await simulator.publish();
    assert.equal((await client.refuses('BadKeyId')).role, 'shared');
  });

  it('ends at its bound of bytes, roles read before included [resolve_delegations/1]', () =>
    refusesWithin({ searchBytes: 10_000 }, /too many bytes/));

  it('ends at its bound of signatures and keys [resolve_delegations/1]', async () => {
    await refusesWithin({ searchChecks: 3 }, /too many checks/);
    await refusesWithin({ searchChecks: 8 }, /too many checks/);
  });

  it('ends at its bound of steps, spent on every way again [resolve_delegations/1]', () =>
    refusesWithin({ searchSteps: 300 }, /too many steps/));

  it('has one budget for all images of a cycle [resolve_delegations/1]', async () => {
    const { simulator, client } = await honestStart();
    const supplier = await offerDelegated(simulator, 'supplied/one.bin');
    await simulator.publish();
    client.vehicle = { ...client.vehicle, limits: { ...DEFAULT_LIMITS, searchSteps: 25 } };
    assert.equal((await client.updates()).length, 1);
    const { hardwareId } = SECONDARY;
    const image = { name: 'supplied/two.bin', content: new Uint8Array(2), hardwareIds: [hardwareId] };
    simulator.assign(simulator.addDelegatedImage(supplier, image), [SECONDARY]);
    await simulator.publish();
    assert.equal((await client.refuses('TargetMismatch')).attack, ENDLESS);
    client.vehicle = { ...client.vehicle, limits: { ...DEFAULT_LIMITS, searchSteps: 50 } };
    assert.equal((await client.updates()).length, 2);
  });

  it('lets others run between two stored roles [resolve_delegations/1]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    await client.verify();
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    await client.verifyStored();
    assert.ok(hadTurn);
  });
});

describe('lists that are compared with each other', () => {
  const ids = Array.from({ length: 1001 }, (_, at) => `id-${at}`);

  it('are refused beyond a thousand hardware ids, of a role and of an image, and a hundred fields that have to match', async () => {
    const ofRole = await honestStart();
    (await offerDelegated(ofRole.simulator)).hardwareIds = ['primary-hw', ...ids];
    await ofRole.simulator.publish();
    await ofRole.client.refuses('SecurityException::Targets');
    for (const custom of [{ hardwareIds: ['primary-hw', ...ids] }, { mustMatch: ids.slice(0, 101) }]) {
      const { simulator, client } = await honestStart();
      const delegation = await simulator.delegate('supplier', ['*']);
      const image = { name: 'a.bin', content: new Uint8Array(3), hardwareIds: ['primary-hw'], custom };
      simulator.assign(simulator.addDelegatedImage(delegation, image));
      await simulator.publish();
      await client.refuses('SecurityException::supplier');
    }
  });
});

describe('store of delegated roles', () => {
  it('keeps those alone to which an image of this cycle leads [resolve_delegations/2]', async () => {
    const { simulator, client, supplier, roles } = await entangled();
    await simulator.publish();
    await client.refuses('TargetMismatch');
    assert.notEqual(client.image.load({ delegation: 'role-0' }), undefined);
    for (const role of roles) role.paths = ['other/*'];
    const found = await simulator.delegate('new name', ['*'], supplier);
    const content = new TextEncoder().encode('found');
    simulator.director.targets.clear();
    simulator.assign(
      simulator.addDelegatedImage(found, { name: 'found.bin', content, hardwareIds: ['primary-hw'] }),
    );
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    const stored = [...client.image.contents().keys()].filter((role) => role.startsWith('delegation '));
    assert.deepEqual(stored, ['delegation new name', 'delegation supplier']);
  });

  it('keeps what is stored, when a search over it fails, for it has not seen all [resolve_delegations/2]', async () => {
    const { simulator, client } = await honestStart();
    const delegation = await offerDelegated(simulator);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    await assert.rejects(client.verifyStored(addSeconds(delegation.expires, 1)), { attack: 'freeze' });
    assert.equal((await client.verifyStored()).kind, 'updates');
  });

  it('keeps what is stored, when nothing is searched [resolve_delegations/2]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    simulator.image.overrides.set('timestamp.json', 'absent');
    assert.equal((await client.verify()).kind, 'nothing_new');
    assert.notEqual(client.image.load({ delegation: 'supplier' }), undefined);
  });
});
