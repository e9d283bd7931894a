// What an operator takes back is gone at once: a deleted device, revoked shared credentials. And a device that was deleted
// starts anew with a fresh archive.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDevice, startSystem, type System } from './support/system.ts';

type List<T> = { readonly values: readonly T[] };

describe('revocation', () => {
  let system: System;
  before(async () => {
    system = await startSystem();
  });
  after(() => system.stop());

  it('of a device closes the gateway to it and frees its id', async () => {
    const device = await createDevice(system, 'stolen');
    assert.equal((await device.aktualizr('check')).code, 0);
    await system.ota('device', 'delete', 'stolen');
    const refused = await device.aktualizr('check');
    assert.equal(refused.code, 77, refused.stderr);
    assert.deepEqual(((await system.ota('device', 'list')) as List<unknown>).values, []);
    const { code } = await system.otaRaw('device', 'show', 'stolen');
    assert.equal(code, 4);
  });

  it('of shared credentials refuses new devices', async () => {
    const device = await createDevice(system, 'late');
    const { values } = (await system.ota('credentials', 'list')) as List<{ readonly id: string }>;
    for (const { id } of values) await system.ota('credentials', 'revoke', id);
    const refused = await device.aktualizr('check');
    assert.equal(refused.code, 77, refused.stderr);
    const fresh = path.join(system.folder, 'fresh.zip');
    await system.ota('credentials', 'create', '--output', fresh);
    const other = await createDevice(system, 'later');
    assert.equal((await other.aktualizr('check')).code, 0);
  });
});
