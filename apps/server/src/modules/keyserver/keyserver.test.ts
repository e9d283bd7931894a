import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { verifyingDevice } from '../../../test/verifying-device.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { rotateRoot, signRole, type RepositoryRef } from './index.ts';

const DAY_MS = 86_400_000;
const DIRECTOR: RepositoryRef = { environment: 'default', repository: 'director' };
const IMAGE: RepositoryRef = { environment: 'default', repository: 'image' };

async function created(answer: Response): Promise<Record<string, string>> {
  const body = (await answer.json()) as Record<string, string>;
  assert.equal(answer.status, 201, JSON.stringify(body));
  return body;
}

/** Software for the device, assigned through a campaign without consent. */
async function assignSoftware(server: ScratchServer, deviceId: string): Promise<void> {
  const headers = { authorization: `Bearer ${server.token}` };
  const url = `${server.apiUrl}/api/v3/software/app.bin?hardwareIds=gateway`;
  await created(await fetch(url, { method: 'PUT', headers, body: 'new software' }));
  const targets = [{ hardwareId: 'gateway', to: { filename: 'app.bin' } }];
  const update = await created(await server.api('POST', '/updates', { name: 'update', targets }));
  const group = await created(
    await server.api('POST', '/groups', { name: 'group', kind: 'fixed', deviceIds: [deviceId] }),
  );
  const wish = { name: 'campaign', updateId: update['id'], groupIds: [group['id']] };
  const campaign = await created(await server.api('POST', '/campaigns', wish));
  assert.ok((await server.api('POST', `/campaigns/${campaign['id']}/launch`)).ok);
  await server.idle();
}

describe('keyserver', () => {
  it('signs both repositories so that a device accepts them [5.1.1-1, 5.1.2-1]', async () => {
    const server = await startScratchServer();
    const device = await verifyingDevice(server, 'car-1');
    assert.equal((await device.verify()).kind, 'nothing_new');
    await assignSoftware(server, 'car-1');
    const verdict = await device.verify();
    assert.equal(verdict.kind, 'updates');
    assert.deepEqual(verdict.kind === 'updates' && verdict.targets.map((target) => String(target.name)), [
      'app.bin',
    ]);
    device.close();
    await server.dispose();
  });

  it('lets no device take what was signed for another one for its own, not even an empty list [5.2.3.1-3]', async () => {
    const server = await startScratchServer();
    const [mine, other] = [await verifyingDevice(server, 'car-1'), await verifyingDevice(server, 'car-2')];
    await assert.rejects(mine.verify(other), { family: 'MetadataError', code: 'BadEcuId', role: 'Targets' });
    assert.equal((await mine.verify()).kind, 'nothing_new');
    await assignSoftware(server, 'car-2');
    await assert.rejects(mine.verify(other), { family: 'MetadataError', code: 'BadEcuId', role: 'Targets' });
    assert.equal((await other.verify()).kind, 'updates');
    mine.close();
    other.close();
    await server.dispose();
  });

  it('rotates the Root and Targets keys of both repositories under devices in the field [5.1.1-1]', async () => {
    const server = await startScratchServer();
    const { ctx } = server;
    const device = await verifyingDevice(server, 'car-1');
    await assignSoftware(server, 'car-1');
    await device.verify();
    const keysBefore = await ctx.db
      .selectFrom('role_keys')
      .select('key_id')
      .where('retired_at', 'is', null)
      .execute();
    for (const ref of [DIRECTOR, IMAGE])
      assert.equal(await inTransaction(ctx.db, (tx) => rotateRoot(ctx, tx, ref)), 2);
    assert.equal((await device.verify()).kind, 'updates');
    assert.deepEqual([device.trustedRoot('director'), device.trustedRoot('image')], [2, 2]);
    const keysAfter = await ctx.db
      .selectFrom('role_keys')
      .select('key_id')
      .where('retired_at', 'is', null)
      .execute();
    const kept = keysAfter.filter(({ key_id }) => keysBefore.some((before) => before.key_id === key_id));
    assert.equal(kept.length, 5, 'Snapshot, Timestamp and time keys stay, Root and Targets keys go');
    const fresh = await verifyingDevice(server, 'car-2');
    assert.equal((await fresh.verify()).kind, 'nothing_new');
    assert.equal(fresh.trustedRoot('director'), 2);
    device.close();
    fresh.close();
    await server.dispose();
  });

  it('forgets the private half of a key that was rotated away', async () => {
    const server = await startScratchServer();
    await inTransaction(server.ctx.db, (tx) => rotateRoot(server.ctx, tx, IMAGE));
    const retired = await server.ctx.db
      .selectFrom('role_keys')
      .selectAll()
      .where('retired_at', 'is not', null)
      .execute();
    assert.deepEqual(
      retired.map((key) => key.sealed_private_key),
      [null, null],
    );
    await server.dispose();
  });

  it('keeps the chain and all roles alive over years, for a device that was away [5.1.1-1]', async () => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    const device = await verifyingDevice(server, 'car-1');
    await assignSoftware(server, 'car-1');
    await device.verify();
    for (const days of [30.98, 200, 365, 700]) {
      clock.advance(days * DAY_MS);
      assert.equal((await device.verify()).kind, 'updates', `after ${days} more days`);
    }
    assert.ok(device.trustedRoot('image') >= 3);
    device.close();
    await server.dispose();
  });

  it('says which key is missing, when one is offline', async () => {
    const server = await startScratchServer();
    await server.ctx.db
      .updateTable('role_keys')
      .set({ sealed_private_key: null })
      .where('role', '=', 'targets')
      .execute();
    const signing = inTransaction(server.ctx.db, (tx) =>
      signRole(server.ctx, tx, IMAGE, { role: 'targets', signed: {} }),
    );
    await assert.rejects(signing, { code: 'role_keys_not_found' });
    await server.dispose();
  });

  it('does not open a sealed key that was moved to another place', async () => {
    const server = await startScratchServer();
    const sealed = server.ctx.vault.seal('here', 'secret');
    assert.equal(server.ctx.vault.open('here', sealed), 'secret');
    assert.throws(() => server.ctx.vault.open('there', sealed), { code: 'wrong_vault_key' });
    await server.dispose();
  });
});
