import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { registerDevice } from './index.ts';

let server: ScratchServer;
const uuids = new Map<string, string>();
before(async () => {
  server = await startScratchServer();
  for (const deviceId of ['vin-a-1', 'vin-a-2', 'VIN-B-1', 'truck-1']) await addDevice(deviceId);
});
after(() => server.dispose());

async function addDevice(deviceId: string): Promise<void> {
  const device = { environment: 'default', deviceId };
  const { uuid } = await inTransaction(server.ctx.db, (tx) => registerDevice(server.ctx, tx, device));
  uuids.set(deviceId, uuid);
}

type Json = Record<string, unknown> & { id: string; values: { deviceId: string }[]; nextCursor?: string };
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
  const answer = await server.api(method, path, body);
  const text = await answer.text();
  return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as Json };
}
const membersOf = async (id: string): Promise<string[]> =>
  (await call('GET', `/groups/${id}/devices`)).json.values.map((device) => device.deviceId);

describe('fixed group', () => {
  it('holds the devices it was made with, and those put into it later', async () => {
    const made = await call('POST', '/groups', {
      name: 'fixed',
      kind: 'fixed',
      deviceIds: ['vin-a-1', 'truck-1'],
    });
    assert.equal(made.status, 201);
    assert.equal(made.json['deviceCount'], 2);
    const { id } = made.json;
    assert.equal((await call('PUT', `/groups/${id}/devices/${uuids.get('VIN-B-1')}`)).status, 204);
    assert.equal((await call('PUT', `/groups/${id}/devices/${uuids.get('VIN-B-1')}`)).status, 204);
    assert.equal((await call('DELETE', `/groups/${id}/devices/${uuids.get('vin-a-1')}`)).status, 204);
    assert.deepEqual(await membersOf(id), ['VIN-B-1', 'truck-1']);
    assert.equal((await call('GET', `/groups/${id}`)).json['deviceCount'], 2);
  });

  it('refuses unknown devices and leaves no group behind', async () => {
    const made = await call('POST', '/groups', {
      name: 'ghosts',
      kind: 'fixed',
      deviceIds: ['vin-a-1', 'ghost'],
    });
    assert.deepEqual([made.status, made.json['code']], [404, 'missing_entity']);
    assert.match(String(made.json['description']), /ghost/);
    assert.equal((await call('POST', '/groups', { name: 'ghosts', kind: 'fixed' })).status, 201);
  });

  it('refuses an expression and a taken name', async () => {
    const withExpression = { name: 'mixed', kind: 'fixed', expression: 'deviceid contains vin' };
    assert.equal(
      (await call('POST', '/groups', withExpression)).json['code'],
      'invalid_group_expression_for_group_type',
    );
    await call('POST', '/groups', { name: 'twice', kind: 'fixed' });
    const again = await call('POST', '/groups', { name: 'twice', kind: 'fixed' });
    assert.deepEqual([again.status, again.json['code']], [409, 'conflicting_device_group_name']);
  });
});

describe('expression group', () => {
  it('holds the devices that match, also those that come later', async () => {
    const expression = 'deviceid contains vin and deviceid position(5) is b';
    const made = await call('POST', '/groups', { name: 'b cars', kind: 'expression', expression });
    assert.equal(made.status, 201);
    assert.deepEqual([made.json['expression'], made.json['deviceCount']], [expression, 1]);
    await addDevice('vin-b-2');
    await addDevice('vin-c-2');
    assert.deepEqual(await membersOf(made.json.id), ['VIN-B-1', 'vin-b-2']);
  });

  it('says where an expression cannot be read', async () => {
    const wanted = {
      name: 'broken',
      kind: 'expression',
      expression: 'deviceid contains vin andd deviceid contains b',
    };
    const { status, json } = await call('POST', '/groups', wanted);
    assert.deepEqual([status, json['code']], [400, 'invalid_group_expression']);
    assert.match(String(json['description']), /position 23/);
    assert.equal(
      (await call('POST', '/groups', { name: 'empty', kind: 'expression' })).json['code'],
      'invalid_group_expression',
    );
  });

  it('lets nobody add or remove devices', async () => {
    const wanted = { name: 'closed', kind: 'expression', expression: 'deviceid contains truck' };
    const { id } = (await call('POST', '/groups', wanted)).json;
    const path = `/groups/${id}/devices/${uuids.get('truck-1')}`;
    assert.equal((await call('PUT', path)).json['code'], 'cannot_add_device_to_dynamic_group');
    assert.equal((await call('DELETE', path)).json['code'], 'cannot_remove_device_from_dynamic_group');
  });
});

describe('devices', () => {
  it('are found by their id and by a part of their name, % and _ being plain characters', async () => {
    const ids = async (query: string): Promise<string[]> =>
      (await call('GET', `/devices?${query}`)).json.values.map((device) => device.deviceId);
    assert.deepEqual(await ids('deviceId=truck-1'), ['truck-1']);
    assert.deepEqual(await ids('nameContains=vin-b'), ['VIN-B-1', 'vin-b-2']);
    assert.deepEqual(await ids('nameContains=%25'), []);
    assert.deepEqual(await ids('nameContains=vin_a'), []);
    await addDevice('bus_1');
    assert.deepEqual(await ids('nameContains=BUS_'), ['bus_1']);
  });

  it('are listed page by page', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await call('GET', `/devices?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`))
        .json;
      assert.ok(page.values.length <= 2);
      seen.push(...page.values.map((device) => device.deviceId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual(seen, ['vin-a-1', 'vin-a-2', 'VIN-B-1', 'truck-1', 'vin-b-2', 'vin-c-2', 'bus_1']);
  });

  it('are registered once per device id', async () => {
    await assert.rejects(addDevice('truck-1'), { code: 'device_already_registered' });
  });

  it('are unknown under any other uuid', async () => {
    for (const path of ['', '/events', '/network']) {
      const { status, json } = await call('GET', `/devices/00000000-0000-7000-8000-000000000000${path}`);
      assert.deepEqual([status, json['code']], [404, 'missing_entity']);
    }
  });
});
