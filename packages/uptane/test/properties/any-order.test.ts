// Publications, waiting and polls in any order, answers of different publications mixed: in the end an honest poll takes
// the newest. And whatever an attacker on the wire gives, no version goes back and nothing refused is kept.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetadataError } from '../../src/index.ts';
import { runs } from './runs.ts';
import { polls, publications, type Step } from './steps.ts';
import { World } from './world.ts';

const BOTH = ['director', 'image'] as const;

const steps = (poll: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> =>
  fc.array(fc.oneof(publications(), poll), { minLength: 2, maxLength: 14 });

describe('any order', () => {
  it('of valid publications and polls converges, however their answers are mixed [full_verification/15]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps(polls(['old'])), async (fullRoles, order) => {
        const world = await World.create(fullRoles);
        for (const step of order) await world.take(step);
        await world.converges();
      }),
      runs(60),
    );
  });

  it('of answers, forged, foreign, absent or failing, takes no version back and keeps nothing refused [full_verification/15]', async () => {
    const anything = polls(['old', 'other', 'absent', 'broken', 'failing']);
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps(anything), async (fullRoles, order) => {
        const world = await World.create(fullRoles);
        for (const step of order) await world.take(step);
        await world.converges();
      }),
      runs(80),
    );
  });

  it('leaves a client that was refused as hard to roll back as before [full_verification/15]', async () => {
    const anything = polls(['old', 'other', 'absent', 'broken', 'failing']);
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps(polls(['old'])), anything, async (fullRoles, order, last) => {
        const world = await World.create(fullRoles);
        for (const step of order) await world.take(step);
        await world.take({ kind: 'poll', tricks: [] });
        const before = await refusedStates(world);
        if (last.kind !== 'poll' || !(await world.poll(last.tricks))) return;
        const after = await refusedStates(world);
        for (const state of before) assert.ok(after.has(state), `${state} was refused before the failure`);
      }),
      runs(40),
    );
  });
});

/** Which earlier states of a repository a copy of the client refuses now. */
async function refusedStates({ simulator, client, now }: World): Promise<ReadonlySet<string>> {
  const refused = new Set<string>();
  const { director, image } = client;
  for (const name of BOTH) {
    const repository = simulator.repository(name);
    const kept = new Map(repository.overrides);
    for (let state = 0; state < repository.history.length; state += 1) {
      Object.assign(client, { director: director.copy(), image: image.copy() });
      repository.replay(state);
      for (const [path, override] of kept) repository.overrides.set(path, override);
      await client.verify(now).catch((error: unknown) => {
        if (!(error instanceof MetadataError)) throw error;
        refused.add(`${name} ${state}`);
      });
      repository.overrides.clear();
      for (const [path, override] of kept) repository.overrides.set(path, override);
    }
  }
  Object.assign(client, { director, image });
  return refused;
}
