// Values that no honest document has, in documents that are right otherwise: numbers beyond reason, patterns and
// delegations by the thousand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALL_SLOTS, offerDelegated, offerFor, republish, roleAt, withNested } from '@ota-connect/testkit';
import type { RepositorySimulator, SimulatedDelegation } from '@ota-connect/testkit';
import type { JsonValue } from '../../src/index.ts';
import { goesOn, honestStart } from '../client.ts';

const NUMBERS = [
  '9007199254740992',
  '9007199254740993',
  '9223372036854775808',
  '1e3',
  '2.0',
  '1e999',
  '01',
  '-',
];

/** The version of the document itself is the last thing in it. */
function withVersion(bytes: Uint8Array, literal: string): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const changed = text.replace(/"version":\d+\}\}$/, `"version":${literal}}}`);
  assert.notEqual(changed, text);
  return new TextEncoder().encode(changed);
}

describe('absurd numbers', () => {
  for (const slot of ALL_SLOTS) {
    it(`refuses a ${slot.title} whose version is beyond 2^53, a power, a fraction or no JSON [5.2.1-5]`, async () => {
      for (const literal of NUMBERS) {
        const { simulator, client } = await honestStart();
        await offerFor(simulator, slot);
        roleAt(simulator, slot).forge = (bytes) => withVersion(bytes, literal);
        await republish(simulator, slot);
        await client.refuses(`SecurityException::${slot.codeName}`);
        await goesOn(simulator, client);
      }
    });
  }
});

describe('delegations beyond reason', () => {
  async function offered(): Promise<{
    world: Awaited<ReturnType<typeof honestStart>>;
    supplier: SimulatedDelegation;
  }> {
    const world = await honestStart();
    return { world, supplier: await offerDelegated(world.simulator) };
  }

  it('refuses patterns that would take long to compare [resolve_delegations/5]', async () => {
    const { world, supplier } = await offered();
    const hostile = `*[${'bc'.repeat(150_000)}]x`;
    supplier.paths = [hostile, hostile, hostile, 'supplied/*'];
    await world.simulator.publish();
    assert.equal((await world.client.refuses('TargetMismatch')).attack, 'endless data');
    supplier.paths = ['supplied/*'];
    await goesOn(world.simulator, world.client);
  });

  for (const [title, pattern] of [
    ['brackets', '['.repeat(500_000)],
    ['stars', '*'.repeat(500_000) + '!'],
  ] as const) {
    it(`compares a pattern of half a million ${title} and goes on to the next [resolve_delegations/5]`, async () => {
      const { world, supplier } = await offered();
      supplier.paths = [pattern, 'supplied/*'];
      await world.simulator.publish();
      assert.equal((await world.client.updates()).length, 1);
    });
  }

  it('finds an image behind thousands of delegations that are not for it, and asks for one of them [resolve_delegations/5]', async () => {
    const { simulator, client } = await honestStart();
    await addMany(simulator, 3000);
    await offerDelegated(simulator);
    await simulator.publish();
    simulator.image.requests.length = 0;
    assert.equal((await client.updates()).length, 1);
    const asked = simulator.image.requests.filter((path) => path.startsWith('delegations/'));
    assert.deepEqual(asked, ['delegations/supplier.json']);
  });

  for (const [title, path, value] of [
    [
      'keys',
      ['delegations', 'keys'],
      Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [String(at), null])),
    ],
    ['roles', ['delegations', 'roles'], Array(20_001).fill(null)],
    [
      'key ids of one role',
      ['delegations', 'roles'],
      [{ keyids: Array(1001).fill('k'), name: 'r', paths: ['*'], terminating: false, threshold: 1 }],
    ],
  ] as const) {
    it(`refuses more ${title} than its bound before it reads them [5.2.3.2-1]`, async () => {
      const { simulator, client } = await honestStart();
      await offerDelegated(simulator);
      simulator.image.roles.targets.edit = withNested(path, value as JsonValue);
      await simulator.publish();
      const error = await client.refuses('SecurityException::Targets');
      assert.match(error.message, /are the most/);
      await goesOn(simulator, client);
    });
  }

  it('follows a chain of a hundred delegations no further than its bound [resolve_delegations/1]', async () => {
    const { simulator, client } = await honestStart();
    let below = await simulator.delegate('level 1', ['*']);
    for (let level = 2; level <= 100; level += 1)
      below = await simulator.delegate(`level ${level}`, ['*'], below);
    const content = new TextEncoder().encode('deep');
    const image = { name: 'deep.bin', content, hardwareIds: ['primary-hw'] };
    simulator.assign(simulator.addDelegatedImage(below, image));
    await simulator.publish();
    simulator.image.requests.length = 0;
    assert.equal((await client.refuses('TargetMismatch')).attack, 'endless data');
    assert.equal(simulator.image.requests.filter((path) => path.startsWith('delegations/')).length, 32);
  });
});

/** One file for all of them: the roles are named, nobody has to sign what is never asked for. */
async function addMany(simulator: RepositorySimulator, count: number): Promise<void> {
  const first = await simulator.delegate('role 0', ['other/0/*']);
  for (let index = 1; index < count; index += 1) {
    simulator.image.delegations.push({ ...first, name: `role ${index}`, paths: [`other/${index}/*`] });
  }
}
