import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Campaign } from '@ota-connect/contract/user';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { createOnlineVehicle, createVehicle } from '../../../test/vehicle.ts';
import {
  correlationOf,
  countsOf,
  createUpdate,
  fixedGroup,
  imageOf,
  install,
  launch,
  post,
  refused,
  rowsOf,
  statsOf,
  upload,
} from './test/fleet.ts';

let server: ScratchServer;
before(async () => {
  server = await startScratchServer();
  for (const filename of ['v1', 'v2', 'v3']) await upload(server, filename);
});
after(() => server.dispose());

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

describe('update', () => {
  it('is refused when its software is unknown, or made for other hardware', async () => {
    const update = (targets: unknown): unknown => ({ name: 'wrong', targets });
    const unknown = [{ hardwareId: 'gateway', to: { filename: 'ghost' } }];
    assert.deepEqual(await refused(server, '/updates', update(unknown)), {
      status: 404,
      code: 'missing_entity',
    });
    const other = [{ hardwareId: 'motor', to: { filename: 'v1' } }];
    assert.deepEqual(await refused(server, '/updates', update(other)), {
      status: 400,
      code: 'invalid_entity',
    });
    const circle = [{ hardwareId: 'gateway', from: { filename: 'v1' }, to: { filename: 'v1' } }];
    assert.deepEqual(await refused(server, '/updates', update(circle)), {
      status: 400,
      code: 'invalid_entity',
    });
    const twice = ['v1', 'v2'].map((filename) => ({ hardwareId: 'gateway', to: { filename } }));
    assert.deepEqual(await refused(server, '/updates', update(twice)), {
      status: 400,
      code: 'invalid_entity',
    });
  });

  it('has a name of its own and is shown as it was made', async () => {
    const targets = [{ hardwareId: 'gateway', from: { filename: 'v1' }, to: { filename: 'v2' } }];
    const made = await createUpdate(server, 'one to two', targets);
    assert.deepEqual(await (await server.api('GET', `/updates/${made.id}`)).json(), made);
    assert.deepEqual(made.targets, targets);
    const again = await refused(server, '/updates', { name: 'one to two', targets });
    assert.deepEqual(again, { status: 409, code: 'update_already_exists' });
    assert.equal((await server.api('GET', `/updates/${UNKNOWN}`)).status, 404);
  });
});

describe('campaign without consent', () => {
  it('runs from prepared to finished, and its numbers add up', async () => {
    const vehicles = [];
    for (const name of ['fine', 'broken', 'done']) vehicles.push(await createOnlineVehicle(server, name));
    vehicles.push(await createOnlineVehicle(server, 'lorry', ['trailer']));
    const [fine, broken, done] = vehicles;
    assert.ok(fine && broken && done);
    done.primary.installed = imageOf('v2');
    await done.putManifest();
    const group = await fixedGroup(server, 'all four', ['fine', 'broken', 'done', 'lorry']);
    const update = await createUpdate(server, 'v2');
    const campaign = await launch(server, { name: 'spring', updateId: update.id, groupIds: [group.id] });
    assert.deepEqual(await rowsOf(server, campaign.id), [
      'broken: accepted',
      'done: rejected installed_target_is_update',
      'fine: accepted',
      'lorry: rejected device_no_compatible_hardware',
    ]);
    await install(fine, campaign, { filename: 'v2' });
    assert.equal((await statsOf(server, campaign.id)).status, 'launched');
    await install(broken, campaign, { code: 'gateway:INSTALL_FAILED' });
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'finished',
      processed: 4,
      affected: 2,
      rejected: 2,
      successful: 1,
      failed: 1,
      failures: [{ code: 'gateway:INSTALL_FAILED', count: 1 }],
    });
    const shown = (await (await server.api('GET', `/campaigns/${campaign.id}`)).json()) as Campaign;
    assert.equal(shown.status, 'finished');
    assert.ok(shown.launchedAt && shown.finishedAt);
    assert.equal((await fine.fetchTargets()).custom?.correlationId, undefined);
  });

  it('carries its own correlation id, and the release counter of the software', async () => {
    const vehicle = await createOnlineVehicle(server, 'correlated');
    const group = await fixedGroup(server, 'correlated', ['correlated']);
    const updateId = (await createUpdate(server, 'v3')).id;
    const campaign = await launch(server, { name: 'correlated', updateId, groupIds: [group.id] });
    const signed = await vehicle.fetchTargets();
    assert.equal(signed.custom?.correlationId, correlationOf(campaign));
    const images = (await vehicle.device.send('GET', '/repo/targets.json')).json()['signed'] as typeof signed;
    assert.equal(
      signed.targets['v3']?.custom['releaseCounter'],
      images.targets['v3']?.custom['releaseCounter'],
    );
    assert.deepEqual(signed.targets['v3']?.hashes, images.targets['v3']?.hashes);
  });

  it('is launched once, and not at all when it is unknown', async () => {
    await createOnlineVehicle(server, 'once');
    const group = await fixedGroup(server, 'once', ['once']);
    const { id: updateId } = await createUpdate(server, 'once', [
      { hardwareId: 'gateway', to: { filename: 'v2' } },
    ]);
    const campaign = await launch(server, { name: 'once', updateId, groupIds: [group.id] });
    const again = await refused(server, `/campaigns/${campaign.id}/launch`);
    assert.deepEqual(again, { status: 409, code: 'campaign_already_launched' });
    const ghost = await refused(server, `/campaigns/${UNKNOWN}/launch`);
    assert.deepEqual(ghost, { status: 404, code: 'missing_entity' });
  });

  it('is refused without an update, without a group, without devices, and under a taken name', async () => {
    const { id: updateId } = await createUpdate(server, 'refusals', [
      { hardwareId: 'gateway', to: { filename: 'v2' } },
    ]);
    const empty = await fixedGroup(server, 'nobody', []);
    await createVehicle(server, 'somebody');
    const some = await fixedGroup(server, 'somebody', ['somebody']);
    const wish = { name: 'refusals', updateId, groupIds: [some.id] };
    const code = async (change: object): Promise<string> =>
      (await refused(server, '/campaigns', { ...wish, ...change })).code;
    assert.equal(await code({ updateId: UNKNOWN }), 'missing_update_source');
    assert.equal(await code({ groupIds: [UNKNOWN] }), 'missing_entity');
    assert.equal(await code({ groupIds: [] }), 'invalid_entity');
    assert.equal(await code({ groupIds: [empty.id] }), 'campaign_without_devices');
    await post(server, '/campaigns', wish);
    assert.equal(await code({}), 'campaign_already_exists');
  });
});

describe('restart of the server', () => {
  it('launches nothing that was merely prepared, and goes on with what was launched (defect 4)', async (test) => {
    let own = await startScratchServer();
    test.after(() => own.dispose());
    await upload(own, 'v2');
    await createOnlineVehicle(own, 'a');
    const group = await fixedGroup(own, 'all', ['a']);
    const { id: updateId } = await createUpdate(own, 'v2');
    const prepared = await post<Campaign>(own, '/campaigns', { name: 'p', updateId, groupIds: [group.id] });
    const launched = await post<Campaign>(own, '/campaigns', { name: 'l', updateId, groupIds: [group.id] });
    await post(own, `/campaigns/${launched.id}/launch`);
    own = await own.restart();
    await own.idle();
    assert.equal((await statsOf(own, prepared.id)).status, 'prepared');
    assert.deepEqual(await rowsOf(own, prepared.id), []);
    assert.deepEqual(await rowsOf(own, launched.id), ['a: accepted']);
  });
});

describe('cancelled campaign', () => {
  it('takes back what was not fetched; what was goes on and still counts', async () => {
    const early = await createOnlineVehicle(server, 'early');
    const late = await createOnlineVehicle(server, 'late');
    const group = await fixedGroup(server, 'early and late', ['early', 'late']);
    const targets = [{ hardwareId: 'gateway', to: { filename: 'v2' } }];
    const { id: updateId } = await createUpdate(server, 'to cancel', targets);
    const campaign = await launch(server, { name: 'to cancel', updateId, groupIds: [group.id] });
    await early.fetchTargets();
    const shown = await post<Campaign>(server, `/campaigns/${campaign.id}/cancel`);
    assert.equal(shown.status, 'cancelled');
    assert.deepEqual(await rowsOf(server, campaign.id), [
      'early: accepted',
      'late: cancelled OPERATION_CANCELLED',
    ]);
    assert.deepEqual((await late.fetchTargets()).targets, {});
    await install(early, campaign, { filename: 'v2' });
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'cancelled',
      processed: 2,
      affected: 2,
      successful: 1,
      cancelled: 1,
    });
    const again = await refused(server, `/campaigns/${campaign.id}/cancel`);
    assert.deepEqual(again, { status: 409, code: 'campaign_already_finished' });
  });

  it('reaches nobody when it was only prepared', async () => {
    await createOnlineVehicle(server, 'unreached');
    const group = await fixedGroup(server, 'unreached', ['unreached']);
    const targets = [{ hardwareId: 'gateway', to: { filename: 'v2' } }];
    const { id: updateId } = await createUpdate(server, 'unreached', targets);
    const campaign = await post<Campaign>(server, '/campaigns', {
      name: 'unreached',
      updateId,
      groupIds: [group.id],
    });
    await post(server, `/campaigns/${campaign.id}/cancel`);
    assert.equal(
      (await refused(server, `/campaigns/${campaign.id}/launch`)).code,
      'campaign_already_launched',
    );
    assert.deepEqual(await rowsOf(server, campaign.id), []);
  });
});

describe('numbers of campaigns', () => {
  it('are what a count of all rows would say (defect 17)', async () => {
    const { db } = server.ctx;
    const counted = await db
      .selectFrom('campaign_devices')
      .select((eb) => ['campaign_id', 'state', eb.fn.countAll<number>().as('count')])
      .groupBy(['campaign_id', 'state'])
      .orderBy('campaign_id')
      .orderBy('state')
      .execute();
    const kept = await db
      .selectFrom('campaign_counts')
      .select(['campaign_id', 'state', 'count'])
      .where('count', '!=', 0)
      .orderBy('campaign_id')
      .orderBy('state')
      .execute();
    assert.ok(counted.length > 5);
    assert.deepEqual(kept, counted);
  });
});

describe('another environment', () => {
  it('is invisible: its updates, campaigns and numbers (defect 6)', async () => {
    const { db } = server.ctx;
    const update = await createUpdate(server, 'elsewhere', [
      { hardwareId: 'gateway', to: { filename: 'v2' } },
    ]);
    await db.updateTable('updates').set({ environment: 'other' }).where('id', '=', update.id).execute();
    await createOnlineVehicle(server, 'homely');
    const group = await fixedGroup(server, 'homely', ['homely']);
    const { id: updateId } = await createUpdate(server, 'at home', [
      { hardwareId: 'gateway', to: { filename: 'v2' } },
    ]);
    const wish = { name: 'elsewhere', updateId, groupIds: [group.id] };
    const campaign = await post<Campaign>(server, '/campaigns', wish);
    await db.updateTable('campaigns').set({ environment: 'other' }).where('id', '=', campaign.id).execute();
    const paths = ['', '/stats', '/devices'].map((rest) => `/campaigns/${campaign.id}${rest}`);
    for (const path of [`/updates/${update.id}`, ...paths]) {
      assert.equal((await server.api('GET', path)).status, 404, path);
    }
    for (const list of ['/updates', '/campaigns']) {
      const page = (await (await server.api('GET', `${list}?limit=1000`)).json()) as {
        values: { id: string }[];
      };
      assert.ok(page.values.every((item) => item.id !== update.id && item.id !== campaign.id));
    }
    assert.equal(
      (await refused(server, '/campaigns', { ...wish, updateId: update.id })).code,
      'missing_update_source',
    );
    assert.equal((await refused(server, `/campaigns/${campaign.id}/launch`)).code, 'missing_entity');
  });
});
