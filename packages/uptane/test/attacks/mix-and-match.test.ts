import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALL_SLOTS, attacks, roleAt } from '@ota-connect/testkit';
import { honestStart, itRefuses } from '../client.ts';

const spaced = (bytes: Uint8Array): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2));

describe('mix-and-match', () => {
  for (const attack of attacks) if (attack.group === 'mix-and-match') itRefuses(attack);

  it('accepts hashes of the canonical form over bytes in another form, as originals publish them [check_snapshot/2]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    for (const { overrides, files } of [simulator.image, simulator.director]) {
      overrides.set('targets.json', spaced(files.get('targets.json') ?? new Uint8Array()));
    }
    assert.equal((await client.updates()).length, 1);
  });

  it('accepts hashes of the served bytes where these are not canonical [check_snapshot/2]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.snapshot.forge = spaced;
    simulator.image.roles.targets.forge = spaced;
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('stores the very bytes it received [full_verification/15]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.targets.forge = spaced;
    await simulator.publish();
    await client.updates();
    assert.deepEqual(client.image.load('targets'), simulator.image.files.get('targets.json'));
  });

  it('accepts a Snapshot that lists no hashes [check_targets/2]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.listHashes = false;
    simulator.director.listHashes = false;
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('signs over unknown fields and ignores them [check_targets/3]', async () => {
    const { simulator, client } = await honestStart();
    for (const slot of ALL_SLOTS) {
      if (slot.role === 'delegated') continue;
      const { edit } = { edit: { extra: { deep: [1, 'two', null] } } };
      roleAt(simulator, slot).edit = (signed) => ({ ...signed, ...edit });
    }
    simulator.offer('app.bin');
    await simulator.image.publishRoot();
    await simulator.director.publishRoot();
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('keeps each role it verified and goes on where a fetch failed [full_verification/15]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    const { overrides } = simulator.image;
    for (const path of ['timestamp.json', 'snapshot.json', 'targets.json']) {
      overrides.set(path, new Error('cut'));
      await client.refuses('MetadataFetchFailure');
      overrides.delete(path);
    }
    assert.equal((await client.updates()).length, 1);
  });
});

describe('malformed metadata', () => {
  for (const attack of attacks) if (attack.group === 'malformed') itRefuses(attack);

  it('carries what was wrong as the cause [full_verification/16]', async () => {
    const { simulator, client } = await honestStart();
    simulator.director.overrides.set('targets.json', new TextEncoder().encode('{'));
    simulator.offer('app.bin');
    await simulator.publish();
    const error = await client.refuses('SecurityException::Targets');
    assert.equal((error.cause as { family?: string }).family, 'JsonError');
  });
});
