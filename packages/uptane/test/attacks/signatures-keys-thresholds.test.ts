import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALL_SLOTS, attacks, fixedKey, fixedKeys, roleAt, withSignatures } from '@ota-connect/testkit';
import { honestStart, itRefuses } from '../client.ts';

describe('signatures, keys, thresholds', () => {
  for (const attack of attacks) if (attack.group === 'signatures') itRefuses(attack);

  it('accepts invalid signatures beside enough valid ones [check_snapshot/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    simulator.image.roles.snapshot.forge = withSignatures((signatures) => [
      { keyid: 'aa'.repeat(32), method: 'ed25519', sig: new Uint8Array(64).toBase64() },
      { keyid: 'bb'.repeat(32), method: 'rsassa-pss-sha256', sig: '' },
      ...signatures,
    ]);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('accepts more signatures than the threshold, in any order [check_timestamp/2]', async () => {
    const { simulator, client } = await honestStart();
    const { image } = simulator;
    image.roles.timestamp.keys = await fixedKeys('many', 4);
    image.roles.timestamp.threshold = 2;
    await image.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('accepts a key in Root that no role names [check_root/3]', async () => {
    const { simulator, client } = await honestStart();
    const { root } = simulator.image.roles;
    const extra = await fixedKey('unneeded');
    root.edit = (signed) => ({
      ...signed,
      keys: { ...(signed['keys'] as object), [extra.keyId]: extra.publicKey },
    });
    await simulator.image.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('ignores what a key says of hash algorithms [check_root/3]', async () => {
    const { simulator, client } = await honestStart();
    const { root } = simulator.image.roles;
    root.edit = (signed) => {
      const keys = Object.entries(signed['keys'] as Record<string, object>);
      return {
        ...signed,
        keys: Object.fromEntries(keys.map(([id, key]) => [id, { ...key, keyid_hash_algorithms: ['md5'] }])),
      };
    };
    await simulator.image.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('accepts RSA keys and Ed25519 keys side by side [check_targets/3]', async () => {
    const { simulator, client } = await honestStart();
    simulator.image.roles.targets.keys = [await fixedKey('rsa', 'RSA2048'), await fixedKey('ed')];
    simulator.image.roles.targets.threshold = 2;
    await simulator.image.publishRoot();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('keeps no document that it refused [full_verification/15]', async () => {
    for (const slot of ALL_SLOTS) {
      if (slot.role === 'delegated' || slot.role === 'root') continue;
      const { simulator, client } = await honestStart();
      const store = slot.repository === 'director' ? client.director : client.image;
      const before = store.load(slot.role);
      simulator.offer('attack.bin');
      roleAt(simulator, slot).signWith = [await fixedKey('stranger')];
      await simulator.publish();
      await client.refuses('BadKeyId');
      assert.deepEqual(store.load(slot.role), before, slot.title);
    }
  });

  it('asks for nothing, when the Root it was given is not readable [check_root/1]', async () => {
    const { simulator, client } = await honestStart();
    client.director.save('root', new TextEncoder().encode('{"signed":'), 1);
    simulator.director.requests.length = 0;
    await client.refuses('SecurityException::Root');
    assert.deepEqual(simulator.director.requests, []);
  });

  it('starts from a first Root that its own keys have signed alone [check_root/1]', async () => {
    const { simulator, client } = await honestStart();
    const unsigned = withSignatures(() => [])(
      simulator.director.files.get('1.root.json') ?? new Uint8Array(),
    );
    client.director.save('root', unsigned, 1);
    simulator.director.requests.length = 0;
    await client.refuses('UnmetThreshold::Root');
    assert.deepEqual(simulator.director.requests, []);
  });
});
