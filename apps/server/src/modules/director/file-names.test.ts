import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import type { Answer } from '../../../test/device.ts';
import { createOnlineVehicle, type Vehicle } from '../../../test/vehicle.ts';
import { assign, softwareTarget, updatesOf } from './test/assign.ts';

const CAMPAIGN = 'urn:here-ota:campaign:0190a8b0-0000-7000-8000-000000000001';
const ROLES = ['timestamp', 'snapshot', 'targets'] as const;

let server: ScratchServer;
before(async () => {
  server = await startScratchServer();
});
after(() => server.dispose());

const get = (vehicle: Vehicle, file: string, headers: Record<string, string> = {}): Promise<Answer> =>
  vehicle.device.send('GET', `/director/${file}`, { headers });
const state = async (vehicle: Vehicle): Promise<unknown> =>
  (await updatesOf(server, vehicle)).join().split(' ').at(-1);
const statusOf = async (vehicle: Vehicle, file: string): Promise<number> => (await get(vehicle, file)).status;

async function assignOne(vehicle: Vehicle): Promise<void> {
  const targets = [softwareTarget('gateway', 'g-2')];
  assert.equal(await assign(server, vehicle, { correlationId: CAMPAIGN, targets }), 'assigned');
}

describe('metadata of a device under VERSION.NAME', () => {
  it('is the current version, as under the plain name [5.2.7-1]', async () => {
    const vehicle = await createOnlineVehicle(server, 'same');
    for (const role of ROLES) {
      const plain = await get(vehicle, `${role}.json`);
      const versioned = await get(vehicle, `1.${role}.json`);
      assert.equal(versioned.status, 200);
      assert.deepEqual(versioned.body, plain.body);
      assert.equal(versioned.headers['etag'], plain.headers['etag']);
      assert.equal(versioned.headers['cache-control'], plain.headers['cache-control']);
      const headers = { 'if-none-match': String(plain.headers['etag']) };
      const again = await get(vehicle, `1.${role}.json`, headers);
      assert.deepEqual([again.status, again.body.length], [304, 0]);
    }
  });

  it('is not there in another version, nor under a number written otherwise', async () => {
    const vehicle = await createOnlineVehicle(server, 'others');
    for (const role of ROLES) {
      for (const name of ['0', '2', '01', '-1', '1.0', '', '9'.repeat(30)]) {
        const answer = await get(vehicle, `${name}.${role}.json`);
        assert.equal(answer.status, 404, `${name}.${role}.json`);
        assert.ok(answer.json()['code']);
      }
    }
  });

  it('is of the device that asks', async () => {
    const [mine, other] = [await createOnlineVehicle(server, 'a'), await createOnlineVehicle(server, 'b')];
    for (const vehicle of [mine, other]) assert.equal(await statusOf(vehicle, '1.targets.json'), 200);
    await assignOne(mine);
    await get(mine, 'timestamp.json');
    assert.deepEqual(
      [await statusOf(mine, '2.targets.json'), await statusOf(other, '2.targets.json')],
      [200, 404],
    );
  });

  it('puts an update in flight only when the Targets that carry it were fetched', async () => {
    const vehicle = await createOnlineVehicle(server, 'flight-by-version');
    await get(vehicle, 'targets.json');
    await assignOne(vehicle);
    assert.equal(await statusOf(vehicle, '1.targets.json'), 200);
    assert.equal(await statusOf(vehicle, '7.targets.json'), 404);
    assert.equal(await state(vehicle), 'assigned');
    assert.equal(await statusOf(vehicle, '1.targets.json'), 404, 'the next version is there by now');
    assert.equal(await state(vehicle), 'assigned');
    const targets = (await get(vehicle, '2.targets.json')).json()['signed'] as { targets: object };
    assert.deepEqual(Object.keys(targets.targets), ['g-2']);
    assert.equal(await state(vehicle), 'in_flight');
  });

  it('stays what Timestamp lists, when an update is assigned before the rest of the poll, on any connection', async () => {
    const vehicle = await createOnlineVehicle(server, 'between');
    await get(vehicle, 'timestamp.json');
    await assignOne(vehicle);
    vehicle.device.close();
    for (const file of ['1.snapshot.json', '1.targets.json']) {
      assert.equal(await statusOf(vehicle, file), 200, file);
    }
    assert.equal(await state(vehicle), 'assigned');
    for (const file of ['timestamp.json', '2.snapshot.json', '2.targets.json']) {
      assert.equal(await statusOf(vehicle, file), 200, file);
    }
    assert.equal(await state(vehicle), 'in_flight');
  });

  it('is not served when it is about to expire, though it was not replaced yet', async (test) => {
    const clock = manualClock();
    const aged = await startScratchServer({ clock });
    test.after(() => aged.dispose());
    const vehicle = await createOnlineVehicle(aged, 'aged');
    await get(vehicle, 'targets.json');
    const targets = [softwareTarget('gateway', 'g-2')];
    await assign(aged, vehicle, { correlationId: CAMPAIGN, targets });
    clock.advance(30 * 86_400_000);
    assert.equal(await statusOf(vehicle, '1.targets.json'), 200);
    clock.advance(86_400_000 - 1_800_000);
    assert.equal(await statusOf(vehicle, '1.targets.json'), 404);
    assert.equal(await statusOf(vehicle, '2.targets.json'), 200);
  });
});
