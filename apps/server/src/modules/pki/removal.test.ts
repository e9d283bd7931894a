import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import {
  connectWithCredentials,
  createCredentials,
  provisionDevice,
  type Answer,
} from '../../../test/device.ts';
import { createEcu, createOnlineVehicle, registrationOf } from '../../../test/vehicle.ts';
import { createUpdate, fixedGroup, launch, rowsOf, upload } from '../campaigns/test/fleet.ts';
import { uuidOf } from '../director/test/assign.ts';

function refusal(answer: Answer): readonly [status: number, code: unknown] {
  return [answer.status, answer.json()['code']];
}

async function remove(server: ScratchServer, path: string): Promise<number> {
  return (await server.api('DELETE', path)).status;
}

describe('a device that is deleted', () => {
  it('is refused at once, on the connection it has and on a new one', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    test.after(() => device.close());
    assert.equal((await device.send('GET', '/repo/root.json')).status, 200);
    assert.equal(await remove(server, `/devices/${await uuidOf(server, 'car')}`), 204);
    const requests = [
      ['GET', '/repo/root.json'],
      ['GET', '/director/targets.json'],
      ['PUT', '/director/manifest'],
      ['POST', '/director/ecus'],
      ['POST', '/events'],
    ] as const;
    for (const [method, path] of requests) {
      assert.deepEqual(refusal(await device.send(method, path)), [403, 'unknown_certificate'], path);
    }
    device.close();
    assert.deepEqual(refusal(await device.send('GET', '/repo/root.json')), [403, 'unknown_certificate']);
  });

  it('is refused at the end of a body that it began to send before', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    test.after(() => device.close());
    const path = `/devices/${await uuidOf(server, 'car')}`;
    const wasSeen = async (): Promise<boolean> =>
      'lastSeen' in ((await (await server.api('GET', path)).json()) as object);
    async function* body(): AsyncGenerator<string> {
      yield '[';
      while (!(await wasSeen())) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await remove(server, path), 204);
      yield ']';
    }
    const answer = await device.send('POST', '/events', { slowly: body() });
    assert.deepEqual(refusal(answer), [403, 'unknown_certificate']);
  });

  it('leaves its device id and its ECU serials to the next one', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createOnlineVehicle(server, 'car', ['gateway', 'motor']);
    test.after(() => vehicle.device.close());
    const uuid = await uuidOf(server, 'car');
    await vehicle.sendEvent('DevicePaused', {});
    assert.equal(await remove(server, `/devices/${uuid}`), 204);
    for (const path of [`/devices/${uuid}`, `/devices/${uuid}/events`]) {
      assert.equal((await server.api('GET', path)).status, 404, path);
    }
    const again = await provisionDevice(server, 'car');
    test.after(() => again.close());
    assert.notEqual(await uuidOf(server, 'car'), uuid);
    const body = registrationOf(vehicle.ecus, vehicle.primary.serial);
    assert.equal((await again.send('POST', '/director/ecus', { body })).status, 201);
    await server.idle();
    assert.equal((await again.send('GET', '/director/targets.json')).status, 200);
  });

  it('leaves its groups, and nothing of what it said', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createOnlineVehicle(server, 'car');
    test.after(() => vehicle.device.close());
    await vehicle.sendEvent('DevicePaused', {});
    await vehicle.device.send('PUT', '/system_info', { body: { id: 'car' } });
    await vehicle.putManifest({
      report: { correlationId: '', result: { success: false, code: 'X', description: '' } },
    });
    const group = await fixedGroup(server, 'group', ['car']);
    assert.equal(await remove(server, `/devices/${await uuidOf(server, 'car')}`), 204);
    await server.idle();
    const { deviceCount } = (await (await server.api('GET', `/groups/${group.id}`)).json()) as {
      deviceCount: number;
    };
    assert.equal(deviceCount, 0);
    for (const table of ['device_events', 'device_reports', 'director_installation_reports'] as const) {
      assert.deepEqual(await server.ctx.db.selectFrom(table).select('device_uuid').execute(), [], table);
    }
  });

  it('ends its updates and its places in campaigns as cancelled, fetched or not', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const fetched = await createOnlineVehicle(server, 'fetched');
    const asked = await createOnlineVehicle(server, 'stays');
    test.after(() => [fetched, asked].forEach((vehicle) => vehicle.device.close()));
    await upload(server, 'app-1');
    await upload(server, 'app-2');
    const group = await fixedGroup(server, 'group', ['fetched']);
    const [one, two] = [await createUpdate(server, 'app-1'), await createUpdate(server, 'app-2')];
    const plan = { groupIds: [group.id] };
    const running = await launch(server, { ...plan, name: 'running', updateId: one.id });
    const queued = await launch(server, { ...plan, name: 'queued', updateId: two.id });
    const waiting = await launch(server, {
      ...plan,
      name: 'waiting',
      updateId: two.id,
      approvalNeeded: true,
    });
    await fetched.fetchTargets();
    const uuid = await uuidOf(server, 'fetched');
    assert.equal(await remove(server, `/devices/${uuid}`), 204);
    await server.idle();
    const assignments = await server.ctx.db.selectFrom('director_assignments').select('state').execute();
    assert.deepEqual(
      assignments.map(({ state }) => state),
      ['cancelled', 'cancelled'],
    );
    for (const campaign of [running, queued]) {
      assert.deepEqual(await rowsOf(server, campaign.id), [': cancelled OPERATION_CANCELLED']);
      const shown = (await (await server.api('GET', `/campaigns/${campaign.id}`)).json()) as {
        status: string;
      };
      assert.equal(shown.status, 'finished');
    }
    assert.match(String(await rowsOf(server, waiting.id)), /cancelled|rejected/);
  });

  it('is unknown the second time, as is one that never was', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    test.after(() => device.close());
    const path = `/devices/${await uuidOf(server, 'car')}`;
    assert.equal(await remove(server, path), 204);
    assert.equal(await remove(server, path), 404);
    assert.equal((await fetch(`${server.apiUrl}/api/v3${path}`, { method: 'DELETE' })).status, 401);
  });

  it('takes no rights from any other', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    const other = await createOnlineVehicle(server, 'other');
    test.after(() => [device, other.device].forEach((one) => one.close()));
    assert.equal(await remove(server, `/devices/${await uuidOf(server, 'car')}`), 204);
    assert.equal((await other.putManifest()).status, 200);
    const ecu = await createEcu('other-ecu-0', 'gateway');
    const next = await provisionDevice(server, 'next');
    test.after(() => next.close());
    const body = registrationOf([ecu], ecu.serial);
    assert.deepEqual(refusal(await next.send('POST', '/director/ecus', { body })), [
      409,
      'ecu_already_registered',
    ]);
  });
});

describe('shared credentials that are revoked', () => {
  it('provision nobody from then on, also on a connection that is open', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const credentials = await createCredentials(server);
    const shared = connectWithCredentials(server, credentials);
    test.after(() => shared.close());
    assert.equal((await shared.send('POST', '/devices', { body: { deviceId: 'a' } })).status, 200);
    assert.equal(await remove(server, `/provisioning/credentials/${credentials.id}`), 204);
    const refused = [403, 'provisioning_credentials_revoked'];
    assert.deepEqual(refusal(await shared.send('POST', '/devices', { body: { deviceId: 'b' } })), refused);
    shared.close();
    assert.deepEqual(refusal(await shared.send('POST', '/devices', { body: { deviceId: 'b' } })), refused);
    assert.equal(await uuidOf(server, 'b'), '');
  });

  it('are listed with the first time they were revoked; others and devices keep their rights', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    test.after(() => device.close());
    type Listed = { values: { id: string; revokedAt?: string }[] };
    const list = async (): Promise<Listed> =>
      (await (await server.api('GET', '/provisioning/credentials')).json()) as Listed;
    const other = await createCredentials(server);
    const lost = (await list()).values.find(({ id }) => id !== other.id)?.id ?? '';
    for (let time = 0; time < 2; time += 1) {
      assert.equal(await remove(server, `/provisioning/credentials/${lost}`), 204);
    }
    const { values } = await list();
    assert.match(values.find(({ id }) => id === lost)?.revokedAt ?? '', /Z$/);
    assert.equal(values.find(({ id }) => id === other.id)?.revokedAt, undefined);
    assert.equal((await device.send('GET', '/repo/root.json')).status, 200);
    const shared = connectWithCredentials(server, other);
    test.after(() => shared.close());
    assert.equal((await shared.send('POST', '/devices', { body: { deviceId: 'next' } })).status, 200);
    assert.equal(await remove(server, '/provisioning/credentials/none'), 404);
  });
});
