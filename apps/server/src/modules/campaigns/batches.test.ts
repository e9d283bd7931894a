import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateKeyPair } from '@ota-connect/uptane';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { enqueueJob } from '../../platform/jobs/queue.ts';
import { registerDevice } from '../device-registry/index.ts';
import { registerEcus } from '../director/index.ts';
import { SCHEDULE, scheduleBatch } from './schedule-batch.ts';
import { countsOf, createUpdate, fixedGroup, launch, post, rowsOf, statsOf, upload } from './test/fleet.ts';

/** Devices with one gateway each, without a connection of their own. */
async function registerFleet(server: ScratchServer, deviceIds: readonly string[]): Promise<string[]> {
  const { publicKey } = await generateKeyPair('ED25519');
  const uuids: string[] = [];
  for (const deviceId of deviceIds) {
    const device = { environment: 'default', deviceId };
    const { uuid } = await inTransaction(server.ctx.db, (tx) => registerDevice(server.ctx, tx, device));
    const ecu = { ecuSerial: `${deviceId}-ecu`, hardwareId: 'gateway', clientKey: publicKey };
    const registration = { primaryEcuSerial: ecu.ecuSerial, ecus: [ecu] };
    await registerEcus(server.ctx, { environment: 'default', uuid }, registration);
    uuids.push(uuid);
  }
  return uuids;
}

async function createWish(
  server: ScratchServer,
  deviceIds: readonly string[],
): Promise<{ name: string; updateId: string; groupIds: string[] }> {
  await upload(server, 'v2');
  const { id: updateId } = await createUpdate(server, 'v2');
  const group = await fixedGroup(server, 'fleet', deviceIds);
  return { name: 'fleet', updateId, groupIds: [group.id] };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `car-${index}`);

describe('campaign of more devices than one batch', () => {
  it('reaches all of them, and takes all of them back', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const deviceIds = names(250);
    await registerFleet(server, deviceIds);
    const wish = await createWish(server, deviceIds);
    const campaign = await launch(server, { ...wish, approvalNeeded: true });
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'launched',
      processed: 250,
      affected: 250,
      scheduled: 250,
    });
    await post(server, `/campaigns/${campaign.id}/cancel`);
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'cancelled',
      processed: 250,
      affected: 250,
      cancelled: 250,
    });
  });

  it('goes on after a stop of the server in the middle', async (test) => {
    let server = await startScratchServer();
    test.after(() => server.dispose());
    const deviceIds = names(250);
    await registerFleet(server, deviceIds);
    const wish = await createWish(server, deviceIds);
    const campaign = await post<{ id: string }>(server, '/campaigns', wish);
    await post(server, `/campaigns/${campaign.id}/launch`);
    server = await server.restart();
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'launched',
      processed: 250,
      affected: 250,
      accepted: 250,
    });
  });

  it('decides each device once, also when two workers take the same batch', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    await registerFleet(server, names(30));
    const wish = await createWish(server, names(30));
    const campaign = await post<{ id: string }>(server, '/campaigns', wish);
    await server.ctx.db.updateTable('campaigns').set({ status: 'launched' }).execute();
    const job = {
      id: 'j',
      environment: 'default',
      kind: SCHEDULE,
      payload: { campaignId: campaign.id },
      attempts: 1,
    };
    await Promise.all([scheduleBatch(server.ctx, job), scheduleBatch(server.ctx, job)]);
    const rows = await server.ctx.db.selectFrom('campaign_devices').select(['state', 'attempts']).execute();
    assert.deepEqual(new Set(rows.map((row) => `${row.state} ${row.attempts}`)), new Set(['accepted 0']));
    assert.equal((await statsOf(server, campaign.id)).accepted, 30);
  });

  it('is listed page by page, each device once', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    await registerFleet(server, names(7));
    const campaign = await launch(server, await createWish(server, names(7)));
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 4; page += 1) {
      const path = `/campaigns/${campaign.id}/devices?limit=2${cursor}`;
      const body = (await (await server.api('GET', path)).json()) as {
        values: { deviceId: string }[];
        nextCursor?: string;
      };
      seen.push(...body.values.map((row) => row.deviceId));
      assert.equal(body.nextCursor === undefined, page === 3);
      cursor = `&cursor=${body.nextCursor}`;
    }
    assert.deepEqual(seen.toSorted(), names(7));
  });
});

describe('device that cannot be decided', () => {
  it('stops no other, is tried again, and in the end fails by itself (defect 7)', async (test) => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    test.after(() => server.dispose());
    const [first] = await registerFleet(server, names(3));
    const wish = await createWish(server, names(3));
    await server.ctx.db
      .updateTable('director_ecus')
      .set({ public_key: 'damaged' })
      .where('device_uuid', '=', first ?? '')
      .execute();
    const campaign = await launch(server, wish);
    assert.deepEqual(await rowsOf(server, campaign.id), [
      'car-0: requested',
      'car-1: accepted',
      'car-2: accepted',
    ]);
    for (let retry = 0; retry < 2; retry += 1) {
      clock.advance(3000);
      // Any job wakes the worker, which then finds what has become due.
      const wake = { environment: 'default', kind: SCHEDULE, payload: { campaignId: 'none' } };
      await inTransaction(server.ctx.db, (tx) => enqueueJob(tx, wake));
      await server.idle();
    }
    assert.deepEqual(await rowsOf(server, campaign.id), [
      'car-0: failed ASSIGN_UPDATE_FAILED',
      'car-1: accepted',
      'car-2: accepted',
    ]);
    assert.equal((await statsOf(server, campaign.id)).status, 'launched');
  });
});
