import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { canonicalBytes, parseStrictJson } from '@ota-connect/uptane';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { provisionDevice, type TestDevice } from '../../../test/device.ts';

type Signed = {
  readonly _type: string;
  readonly version: number;
  readonly expires: string;
  readonly meta: Record<string, { version: number; length: number; hashes: { sha256: string } }>;
};

const HOUR_MS = 3_600_000;

async function signed(device: TestDevice, role: string): Promise<Signed> {
  return (await device.send('GET', `/repo/${role}.json`)).json()['signed'] as Signed;
}

async function versions(device: TestDevice): Promise<number[]> {
  const roles = [];
  for (const role of ['targets', 'snapshot', 'timestamp']) roles.push((await signed(device, role)).version);
  return roles;
}

function upload(server: ScratchServer, filename: string): Promise<Response> {
  const headers = { authorization: `Bearer ${server.token}` };
  return fetch(`${server.apiUrl}/api/v3/software/${filename}?hardwareIds=x`, {
    method: 'PUT',
    headers,
    body: filename,
  });
}

describe('roles of the Image repository', () => {
  it('list each other by version, length and hash of the very bytes that are served [5.1.3-1, 5.1.4-1, 5.2.4-1, 5.2.5-1, 5.2.5-2, 5.3.1-1]', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    const device = await provisionDevice(server, 'car-1');
    const listed = [
      ['timestamp', 'snapshot.json'],
      ['snapshot', 'targets.json'],
      ['snapshot', 'root.json'],
    ] as const;
    for (const [role, file] of listed) {
      const entry = (await signed(device, role)).meta[file];
      const { body } = await device.send('GET', `/repo/${file}`);
      assert.equal(entry?.length, body.length, file);
      assert.equal(entry.hashes.sha256, createHash('sha256').update(body).digest('hex'), file);
      const content = parseStrictJson(body) as unknown as { signed: Signed };
      assert.equal(entry.version, content.signed.version, file);
      assert.deepEqual(Buffer.from(canonicalBytes(content as never)), body, `${file} is canonical`);
    }
    device.close();
    await server.dispose();
  });

  it('keep to the form that deployed clients demand: 20 characters of expiry, capitalised types, ASCII [5.2-1, 5.2.1-3, 5.2.1-4]', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    for (const role of ['Root', 'Targets', 'Snapshot', 'Timestamp']) {
      const { body } = await device.send('GET', `/repo/${role.toLowerCase()}.json`);
      assert.match(body.toString('latin1'), /^[\x20-\x7e]+$/);
      const content = (JSON.parse(body.toString()) as { signed: Signed }).signed;
      assert.equal(content._type, role);
      assert.match(content.expires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    device.close();
    await server.dispose();
  });

  it('move on together at an upload, and rest between [5.2.1-6]', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    const before = await versions(device);
    assert.deepEqual(await versions(device), before);
    await upload(server, 'app.bin');
    assert.deepEqual(
      await versions(device),
      before.map((version) => version + 1),
    );
    await upload(server, 'app.bin');
    assert.deepEqual(
      await versions(device),
      before.map((version) => version + 1),
    );
    device.close();
    await server.dispose();
  });

  it('are signed anew with less than an hour left, the lower ones pulling the upper ones along', async () => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    await upload(server, 'app.bin');
    const device = await provisionDevice(server, 'car-1');
    const [targets = 0, snapshot = 0, timestamp = 0] = await versions(device);
    clock.advance(31 * 24 * HOUR_MS - 2 * HOUR_MS);
    assert.deepEqual(await versions(device), [targets, snapshot, timestamp]);
    clock.advance(1.5 * HOUR_MS);
    assert.deepEqual(await versions(device), [targets + 1, snapshot + 1, timestamp + 1]);
    clock.advance(24 * HOUR_MS);
    assert.deepEqual(await versions(device), [targets + 1, snapshot + 1, timestamp + 2]);
    assert.ok(Date.parse((await signed(device, 'timestamp')).expires) > clock.now());
    device.close();
    await server.dispose();
  });

  it('cost no body, when the device has them', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    for (const file of ['1.root.json', 'root.json', 'targets.json', 'snapshot.json', 'timestamp.json']) {
      const first = await device.send('GET', `/repo/${file}`);
      const etag = String(first.headers['etag']);
      assert.equal(etag, `"${createHash('sha256').update(first.body).digest('hex')}"`);
      const again = await device.send('GET', `/repo/${file}`, { headers: { 'if-none-match': etag } });
      assert.deepEqual([again.status, again.body.length], [304, 0]);
      const other = await device.send('GET', `/repo/${file}`, { headers: { 'if-none-match': '"old"' } });
      assert.deepEqual([other.status, other.body.length], [200, first.body.length]);
    }
    device.close();
    await server.dispose();
  });

  it('end the chain of Roots with a JSON 404', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    const answer = await device.send('GET', '/repo/2.root.json');
    assert.equal(answer.status, 404);
    assert.equal(answer.json()['code'], 'root_role_not_found');
    assert.equal((await device.send('GET', '/repo/x.root.json')).status, 404);
    device.close();
    await server.dispose();
  });
});
