import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ALL_SLOTS, offerDelegated, withNested, withSignatures } from '@ota-connect/testkit';
import { DEFAULT_LIMITS, jsonObject } from '../../src/index.ts';
import { goesOn, honestStart } from '../client.ts';

const LIMITS = { director: 64 * 1024, image: 8 * 1024 * 1024 };

describe('endless data', () => {
  for (const slot of ALL_SLOTS) {
    if (slot.role === 'delegated' || slot.role === 'root') continue;
    const limit = slot.role === 'targets' ? LIMITS[slot.repository] : LIMITS.director;
    it(`refuses a ${slot.title} of more than ${limit} bytes before it reads it [check_${slot.role}/1]`, async () => {
      const { simulator, client } = await honestStart();
      simulator.offer('app.bin');
      await simulator.publish();
      simulator.repository(slot.repository).overrides.set(`${slot.role}.json`, new Uint8Array(limit + 1));
      assert.equal((await client.refuses('OversizedMetadata')).attack, 'endless data');
      await goesOn(simulator, client);
    });
  }

  it('refuses a delegated role of more than its bound before it reads it [check_targets/1]', async () => {
    const { simulator, client } = await honestStart();
    await offerDelegated(simulator);
    await simulator.publish();
    simulator.image.overrides.set('delegations/supplier.json', new Uint8Array(LIMITS.image + 1));
    assert.equal((await client.refuses('OversizedMetadata')).attack, 'endless data');
    await goesOn(simulator, client);
  });

  it('holds the limit itself, when a source does not [check_targets/1]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    const honest = simulator.director.source;
    const endless = new Uint8Array(LIMITS.director + 1);
    Object.assign(simulator.director, {
      source: {
        fetch: async (request: never) =>
          (request as { role: string }).role === 'targets' ? endless : honest.fetch(request),
      },
    });
    await client.refuses('OversizedMetadata::Targets');
  });

  it('bounds what Timestamp may list as the length of Snapshot [check_snapshot/1]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.timestamp.edit = withNested(['meta', 'snapshot.json', 'length'], 2 ** 40);
    await simulator.publish();
    simulator.image.overrides.set('snapshot.json', new Uint8Array(LIMITS.image + 1));
    await client.refuses('OversizedMetadata');
  });

  it('refuses a document with more signatures than its bound [check_timestamp/2]', async () => {
    const { simulator, client } = await honestStart();
    client.vehicle = { ...client.vehicle, limits: { ...DEFAULT_LIMITS, signaturesPerDocument: 2 } };
    simulator.offer('app.bin');
    simulator.image.roles.timestamp.forge = withSignatures((signatures) => [
      ...signatures,
      { keyid: 'aa', method: 'ed25519', sig: '' },
      { keyid: 'bb', method: 'ed25519', sig: '' },
    ]);
    await simulator.publish();
    await client.refuses('SecurityException::Timestamp');
  });

  it('takes Image repository Targets of a size that the Director may not have [check_targets/1]', async () => {
    const { simulator, client } = await honestStart();
    simulator.image.custom = jsonObject([['filler', 'x'.repeat(1024 * 1024)]]);
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('bounds the roles it visits for one image [resolve_delegations/6]', async () => {
    const { simulator, client } = await honestStart();
    for (let index = 0; index < 210; index += 1) await simulator.delegate(`role-${index}`, ['*']);
    simulator.offer('nowhere.bin');
    simulator.image.targets.delete('nowhere.bin');
    await simulator.publish();
    assert.equal((await client.refuses('TargetMismatch')).attack, 'endless data');
  });
});
