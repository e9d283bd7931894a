import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Campaign } from '@ota-connect/contract/user';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { createOnlineVehicle, type Vehicle } from '../../../test/vehicle.ts';
import {
  correlationOf,
  countsOf,
  createUpdate,
  fixedGroup,
  imageOf,
  install,
  launch,
  post,
  rowsOf,
  statsOf,
  upload,
  type CampaignWish,
} from './test/fleet.ts';

let server: ScratchServer;
const updates = new Map<string, string>();
before(async () => {
  server = await startScratchServer();
  for (const filename of ['v1', 'v2', 'v3']) {
    await upload(server, filename);
    updates.set(filename, (await createUpdate(server, filename)).id);
  }
});
after(() => server.dispose());

/** A campaign that asks the devices of these ids. */
async function ask(
  name: string,
  deviceIds: readonly string[],
  rest: Partial<CampaignWish> = {},
): Promise<Campaign> {
  const group = await fixedGroup(server, `${name} group`, deviceIds);
  const wish = { name, updateId: updates.get('v2') ?? '', groupIds: [group.id], approvalNeeded: true };
  return launch(server, { ...wish, ...rest });
}

async function answer(
  vehicle: Vehicle,
  decision: string,
  campaignId: string,
  eventId?: string,
): Promise<void> {
  const sent = await vehicle.sendEvent(`campaign_${decision}`, { campaignId }, eventId);
  assert.equal(sent.status, 204);
  await server.idle();
}

async function eventsOf(deviceId: string, correlationId?: string): Promise<string[]> {
  const page = (await (await server.api('GET', `/devices?deviceId=${deviceId}`)).json()) as {
    values: [{ uuid: string }];
  };
  const query = correlationId === undefined ? '' : `?correlationId=${correlationId}`;
  const path = `/devices/${page.values[0].uuid}/events${query}`;
  const events = (await (await server.api('GET', path)).json()) as { values: { id: string }[] };
  return events.values.map((event) => event.id);
}

describe('campaign that asks', () => {
  it('is offered in the form that clients read', async () => {
    const vehicle = await createOnlineVehicle(server, 'offered');
    const campaign = await ask('Frühling', ['offered'], {
      description: 'Fixes the blinker',
      estimatedInstallationSeconds: 600,
      estimatedPreparationSeconds: 30,
    });
    const sent = await vehicle.device.send('GET', '/campaigner/campaigns');
    assert.match(String(sent.headers['content-type']), /^application\/json/);
    assert.match(sent.body.toString('latin1'), /^[\x20-\x7e]+$/, 'ASCII alone');
    assert.deepEqual(sent.json()['campaigns'], [
      {
        id: campaign.id,
        name: 'Frühling',
        size: 2,
        autoAccept: false,
        metadata: [
          { type: 'DESCRIPTION', value: 'Fixes the blinker' },
          { type: 'ESTIMATED_INSTALLATION_DURATION', value: '600' },
          { type: 'ESTIMATED_PREPARATION_DURATION', value: '30' },
        ],
      },
    ]);
    assert.deepEqual((await vehicle.fetchTargets()).targets, {}, 'nothing comes without consent');
  });

  it('brings the update to a device that accepts, once', async () => {
    const vehicle = await createOnlineVehicle(server, 'accepting');
    const campaign = await ask('accepting', ['accepting']);
    await answer(vehicle, 'accepted', campaign.id, 'the-event');
    await answer(vehicle, 'accepted', campaign.id, 'the-event');
    await answer(vehicle, 'accepted', campaign.id, 'another-event');
    assert.deepEqual(await eventsOf('accepting', correlationOf(campaign)), ['the-event', 'another-event']);
    assert.deepEqual(await vehicle.offered(), []);
    assert.equal((await vehicle.fetchTargets()).custom?.correlationId, correlationOf(campaign));
    await answer(vehicle, 'declined', campaign.id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['accepting: accepted'], 'too late to decline');
    await install(vehicle, campaign, { filename: 'v2' });
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'finished',
      processed: 1,
      affected: 1,
      successful: 1,
    });
  });

  it('is over for a device that declines, and finished when all have (defect 3)', async () => {
    const vehicle = await createOnlineVehicle(server, 'declining');
    const campaign = await ask('declining', ['declining']);
    assert.equal((await statsOf(server, campaign.id)).status, 'launched');
    await answer(vehicle, 'declined', campaign.id);
    assert.deepEqual(await vehicle.offered(), []);
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'finished',
      processed: 1,
      affected: 1,
      declined: 1,
    });
    await answer(vehicle, 'accepted', campaign.id);
    assert.deepEqual((await vehicle.fetchTargets()).targets, {});
  });

  it('stays offered to a device that postpones', async () => {
    const vehicle = await createOnlineVehicle(server, 'postponing');
    const campaign = await ask('postponing', ['postponing']);
    await answer(vehicle, 'postponed', campaign.id);
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'launched',
      processed: 1,
      affected: 1,
      postponed: 1,
    });
    assert.deepEqual(
      (await vehicle.offered()).map((offered) => offered.id),
      [campaign.id],
    );
    await answer(vehicle, 'accepted', campaign.id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['postponing: accepted']);
  });

  it('can be accepted beside another one; each comes in the order of acceptance', async () => {
    const vehicle = await createOnlineVehicle(server, 'both');
    const second = await ask('both second', ['both'], { updateId: updates.get('v3') ?? '' });
    const first = await ask('both first', ['both']);
    await answer(vehicle, 'accepted', first.id);
    await answer(vehicle, 'accepted', second.id);
    assert.deepEqual(await rowsOf(server, second.id), ['both: accepted']);
    assert.equal((await vehicle.fetchTargets()).custom?.correlationId, correlationOf(first));
    await install(vehicle, first, { filename: 'v2' });
    assert.equal((await vehicle.fetchTargets()).custom?.correlationId, correlationOf(second));
    await install(vehicle, second, { filename: 'v3' });
    for (const campaign of [first, second])
      assert.equal((await statsOf(server, campaign.id)).status, 'finished');
  });

  it('fails for a device that is no longer concerned when it accepts', async () => {
    const vehicle = await createOnlineVehicle(server, 'late');
    const campaign = await ask('late', ['late']);
    vehicle.primary.installed = imageOf('v2');
    await vehicle.putManifest();
    await answer(vehicle, 'accepted', campaign.id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['late: failed DEVICE_UPDATE_PROCESS_FAILED']);
    assert.deepEqual((await statsOf(server, campaign.id)).failures, [
      { code: 'DEVICE_UPDATE_PROCESS_FAILED', count: 1 },
    ]);
  });

  it('is offered no more after it was cancelled, and an answer changes nothing', async () => {
    const vehicle = await createOnlineVehicle(server, 'cancelled');
    const campaign = await ask('cancelled', ['cancelled']);
    await post(server, `/campaigns/${campaign.id}/cancel`);
    assert.deepEqual(await vehicle.offered(), []);
    await answer(vehicle, 'accepted', campaign.id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['cancelled: cancelled OPERATION_CANCELLED']);
    assert.deepEqual((await vehicle.fetchTargets()).targets, {});
  });
});

describe('campaign that is being cancelled', () => {
  it('is offered no more and takes no answer, also where its row was not reached yet', async () => {
    const vehicle = await createOnlineVehicle(server, 'being-cancelled');
    const campaign = await ask('being cancelled', ['being-cancelled']);
    await server.ctx.db
      .updateTable('campaigns')
      .set({ status: 'cancelled' })
      .where('id', '=', campaign.id)
      .execute();
    assert.deepEqual(await vehicle.offered(), []);
    await answer(vehicle, 'accepted', campaign.id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['being-cancelled: scheduled']);
    assert.deepEqual((await vehicle.fetchTargets()).targets, {});
  });
});

describe('answer to a campaign that was not offered', () => {
  it('is recorded without effect: unknown, malformed, of another device, without consent', async () => {
    const asked = await createOnlineVehicle(server, 'asked');
    const other = await createOnlineVehicle(server, 'not-asked');
    const campaign = await ask('not yours', ['asked']);
    const ids = ['00000000-0000-7000-8000-000000000000', 'no uuid at all', campaign.id];
    for (const id of ids)
      for (const decision of ['accepted', 'declined', 'postponed']) await answer(other, decision, id);
    assert.deepEqual(await rowsOf(server, campaign.id), ['asked: scheduled']);
    assert.deepEqual((await other.fetchTargets()).targets, {});
    assert.equal((await asked.offered()).length, 1);
    assert.equal((await eventsOf('not-asked')).length, 9);
  });
});
