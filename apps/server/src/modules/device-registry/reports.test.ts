import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { createVehicle, type Vehicle } from '../../../test/vehicle.ts';

let server: ScratchServer;
let vehicle: Vehicle;
let uuid: string;
before(async () => {
  server = await startScratchServer();
  vehicle = await createVehicle(server, 'reporter');
  const page = (await (await server.api('GET', '/devices')).json()) as { values: { uuid: string }[] };
  uuid = page.values[0]?.uuid ?? '';
});
after(() => server.dispose());

const shown = async (path: string): Promise<unknown> =>
  (await server.api('GET', `/devices/${uuid}/${path}`)).json();

describe('what a device reports about itself', () => {
  it('is kept as it came, the latest of each kind', async () => {
    const reports: readonly [method: string, path: string, shownAt: string, body: unknown][] = [
      ['PUT', '/system_info', 'system-info', { id: 'car', children: [{ id: 'core', clock: 1.5 }] }],
      ['PUT', '/system_info/network', 'network', { local_ipv4: '10.0.0.5', mac: '02:00', hostname: 'car' }],
      ['PUT', '/core/installed', 'packages', [{ name: 'busybox', version: '1.36.1' }]],
    ];
    for (const [method, path, shownAt, body] of reports) {
      assert.equal((await server.api('GET', `/devices/${uuid}/${shownAt}`)).status, 404);
      const answer = await vehicle.device.send(method, path, { body });
      assert.ok(answer.status >= 200 && answer.status < 300, `${path} was answered ${answer.status}`);
      assert.deepEqual(await shown(shownAt), body);
    }
    await vehicle.device.send('PUT', '/core/installed', { body: [] });
    assert.deepEqual(await shown('packages'), []);
  });

  it('loses its secrets before it is stored', async () => {
    const answer = await vehicle.device.send('POST', '/system_info/config', {
      body: Buffer.from('[p11]\npass = "geheim"\n'),
      headers: { 'content-type': 'application/toml' },
    });
    assert.ok(answer.status < 300);
    const rows = await server.ctx.db
      .selectFrom('device_reports')
      .select('body')
      .where('kind', '=', 'config')
      .execute();
    assert.equal(rows.length, 1);
    assert.doesNotMatch(JSON.stringify(rows), /geheim/);
    const config = await server.api('GET', `/devices/${uuid}/config`);
    assert.equal(await config.text(), '[p11]\npass = "[redacted]"\n');
  });

  it('is refused when it is not what it claims to be', async () => {
    const wrong: readonly [path: string, body: unknown][] = [
      ['/system_info', 'text'],
      ['/system_info/network', []],
      ['/core/installed', {}],
      ['/core/installed', [{ version: '1' }]],
    ];
    for (const [path, body] of wrong) {
      const answer = await vehicle.device.send('PUT', path, { body });
      assert.deepEqual([answer.status, answer.json()['code']], [400, 'invalid_entity'], path);
    }
  });
});

describe('events of a device', () => {
  const event = (id: string, body: Record<string, unknown> = {}): Record<string, unknown> => ({
    id,
    deviceTime: '2026-11-24T10:00:00Z',
    eventType: { id: 'EcuDownloadCompleted', version: 0 },
    event: { correlationId: 'urn:here-ota:campaign:1', ecu: 'e', success: true, ...body },
  });
  const send = (body: unknown): Promise<{ status: number }> =>
    vehicle.device.send('POST', '/events', { body });
  const stored = async (query = ''): Promise<{ id: string; event: Record<string, unknown> }[]> =>
    ((await shown(`events${query}`)) as { values: { id: string; event: Record<string, unknown> }[] }).values;

  it('are kept once, in the order of arrival, with what else they carry', async () => {
    assert.equal((await send([event('b', { details: 'x'.repeat(10) }), event('a')])).status, 204);
    assert.equal((await send([event('a'), event('c', { correlationId: 'urn:here-ota:mtu:2' })])).status, 204);
    const all = await stored();
    assert.deepEqual(
      all.map((one) => one.id),
      ['b', 'a', 'c'],
    );
    assert.equal(all[0]?.event['details'], 'x'.repeat(10));
    const some = await stored('?correlationId=urn:here-ota:campaign:1');
    assert.deepEqual(
      some.map((one) => one.id),
      ['b', 'a'],
    );
    assert.equal((await stored('?limit=1')).length, 1);
  });

  it('are answered 413 when the batch is too long, so that the device halves it', async () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      event(`long-${index}`, { details: 'x'.repeat(12_000) }),
    );
    assert.equal((await send(many)).status, 413);
    assert.equal((await send(many.slice(0, 50))).status, 204);
  });

  it('are taken around one that cannot be read, which no repetition would mend', async () => {
    assert.equal((await send([event('good-1'), { id: 'broken' }, 'text', event('good-2')])).status, 204);
    const ids = (await stored('?limit=1000')).map((one) => one.id);
    assert.deepEqual(
      ids.filter((id) => id.startsWith('good') || id === 'broken'),
      ['good-1', 'good-2'],
    );
  });

  it('are refused when the body is no array', async () => {
    assert.equal((await send({})).status, 400);
  });
});
