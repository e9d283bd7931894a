import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Group } from '@ota-connect/contract/user';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { createEcu, createOnlineVehicle, createVehicle, registrationOf } from '../../../test/vehicle.ts';
import {
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
} from './test/fleet.ts';

let server: ScratchServer;
let updateId: string;
before(async () => {
  server = await startScratchServer();
  await upload(server, 'v1');
  await upload(server, 'v2');
  updateId = (await createUpdate(server, 'v2')).id;
});
after(() => server.dispose());

async function openGroup(word: string): Promise<string> {
  const wish = { name: `${word} cars`, kind: 'expression', expression: `deviceid contains ${word}` };
  return (await post<Group>(server, '/groups', wish)).id;
}

describe('campaign over an expression group', () => {
  it('waits for its first device, and asks it when it comes', async () => {
    const groupIds = [await openGroup('alpha')];
    const campaign = await launch(server, { name: 'alpha', updateId, groupIds, approvalNeeded: true });
    assert.equal((await statsOf(server, campaign.id)).status, 'launched');
    const matching = await createVehicle(server, 'alpha-1');
    const other = await createVehicle(server, 'beta-1');
    for (const vehicle of [matching, other]) await vehicle.register();
    await server.idle();
    assert.deepEqual(
      (await matching.offered()).map((offered) => offered.id),
      [campaign.id],
    );
    assert.deepEqual(await other.offered(), []);
  });

  it('finishes with the devices it knows, and reopens for one that comes later', async () => {
    const groupIds = [await openGroup('gamma')];
    const first = await createOnlineVehicle(server, 'gamma-1');
    const campaign = await launch(server, { name: 'gamma', updateId, groupIds });
    await install(first, campaign, { filename: 'v2' });
    assert.equal((await statsOf(server, campaign.id)).status, 'finished');
    const second = await createOnlineVehicle(server, 'gamma-2');
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'launched',
      processed: 2,
      affected: 2,
      accepted: 1,
      successful: 1,
    });
    await install(second, campaign, { filename: 'v2' });
    assert.deepEqual(await countsOf(server, campaign.id), {
      status: 'finished',
      processed: 2,
      affected: 2,
      successful: 2,
    });
  });

  it('takes nobody in any more once it was cancelled, finished or not', async () => {
    const groupIds = [await openGroup('delta')];
    const first = await createOnlineVehicle(server, 'delta-1');
    const campaign = await launch(server, { name: 'delta', updateId, groupIds });
    await install(first, campaign, { filename: 'v2' });
    assert.equal((await statsOf(server, campaign.id)).status, 'finished');
    await post(server, `/campaigns/${campaign.id}/cancel`);
    const second = await createOnlineVehicle(server, 'delta-2');
    assert.deepEqual(await rowsOf(server, campaign.id), ['delta-1: successful OK']);
    assert.deepEqual((await second.fetchTargets()).targets, {});
  });

  it('takes nobody in before it is launched', async () => {
    const groupIds = [await openGroup('epsilon')];
    const wish = { name: 'epsilon', updateId, groupIds };
    const campaign = await post<{ id: string }>(server, '/campaigns', wish);
    await createOnlineVehicle(server, 'epsilon-1');
    assert.deepEqual(await rowsOf(server, campaign.id), []);
  });
});

describe('device that was rejected because too little was known of it', () => {
  it('is reached when it registers its ECUs', async () => {
    const vehicle = await createVehicle(server, 'silent');
    const group = await fixedGroup(server, 'silent', ['silent']);
    const campaign = await launch(server, {
      name: 'silent',
      updateId,
      groupIds: [group.id],
      approvalNeeded: true,
    });
    assert.deepEqual(await rowsOf(server, campaign.id), ['silent: rejected device_no_compatible_hardware']);
    await vehicle.register();
    assert.deepEqual(await rowsOf(server, campaign.id), ['silent: scheduled']);
    assert.equal((await statsOf(server, campaign.id)).status, 'launched');
  });

  it('is left alone when it gets other hardware later in its life', async () => {
    const vehicle = await createOnlineVehicle(server, 'rebuilt', ['trailer']);
    const group = await fixedGroup(server, 'rebuilt', ['rebuilt']);
    const campaign = await launch(server, { name: 'rebuilt', updateId, groupIds: [group.id] });
    const ecus = [vehicle.primary, await createEcu('rebuilt-gateway', 'gateway')];
    const body = registrationOf(ecus, vehicle.primary.serial);
    assert.equal((await vehicle.device.send('POST', '/director/ecus', { body })).status, 200);
    assert.deepEqual(await rowsOf(server, campaign.id), ['rebuilt: rejected device_no_compatible_hardware']);
    assert.equal((await statsOf(server, campaign.id)).status, 'finished');
  });

  it('is reached when it first says that it runs what the update starts from', async () => {
    const targets = [{ hardwareId: 'gateway', from: { filename: 'v1' }, to: { filename: 'v2' } }];
    const { id } = await createUpdate(server, 'from v1', targets);
    const vehicle = await createVehicle(server, 'quiet');
    await vehicle.register();
    const group = await fixedGroup(server, 'quiet', ['quiet']);
    const campaign = await launch(server, { name: 'quiet', updateId: id, groupIds: [group.id] });
    assert.deepEqual(await rowsOf(server, campaign.id), ['quiet: rejected not_affected_by_mtu']);
    vehicle.primary.installed = imageOf('v1');
    await vehicle.putManifest();
    assert.deepEqual(await rowsOf(server, campaign.id), ['quiet: accepted']);
  });
});
