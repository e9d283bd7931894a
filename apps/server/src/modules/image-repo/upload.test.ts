import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { encodeTargetName } from '@ota-connect/contract/device';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { provisionDevice } from '../../../test/device.ts';

const image = randomBytes(300_000);
const sha256 = createHash('sha256').update(image).digest('hex');

function upload(
  server: ScratchServer,
  filename: string,
  body: Buffer = image,
  query = 'hardwareIds=gateway',
): Promise<Response> {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/octet-stream' };
  return fetch(`${server.apiUrl}/api/v3/software/${filename}?${query}`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(body),
  });
}

function blobs(server: ScratchServer): string[] {
  return readdirSync(join(server.dataDir, 'blobs'), { recursive: true })
    .map(String)
    .filter((name) => name !== 'unfinished');
}

function statuses(answers: readonly Response[]): number[] {
  return answers.map((answer) => answer.status).toSorted((a, b) => a - b);
}

async function listed(server: ScratchServer): Promise<string[]> {
  const page = (await (await server.api('GET', '/software')).json()) as { values: { filename: string }[] };
  return page.values.map((item) => item.filename);
}

describe('software upload', () => {
  it('stores the bytes, answers with their hashes, and lists the target in signed metadata [5.1.2-1, 5.2.3.1-2, 5.2.3.1.1-2, 5.2.3.1.1-3, 5.3.1-4]', async () => {
    const server = await startScratchServer();
    const answer = await upload(server, 'app-1.bin', image, 'hardwareIds=gateway,motor&name=app&version=1.0');
    assert.equal(answer.status, 201);
    const software = (await answer.json()) as Record<string, unknown>;
    assert.equal(software['sha256'], sha256);
    assert.equal(software['sha512'], createHash('sha512').update(image).digest('hex'));
    assert.deepEqual(software['hardwareIds'], ['gateway', 'motor']);
    assert.deepEqual(await (await server.api('GET', '/software/app-1.bin')).json(), software);
    const device = await provisionDevice(server, 'car-1');
    const targets = (await device.send('GET', '/repo/targets.json')).json()['signed'] as {
      targets: Record<string, { length: number; hashes: unknown; custom: Record<string, unknown> }>;
    };
    const entry = targets.targets['app-1.bin'];
    assert.equal(entry?.length, image.length);
    assert.deepEqual(entry.hashes, { sha256 });
    assert.equal(entry.custom['targetFormat'], 'BINARY');
    assert.deepEqual(entry.custom['hardwareIds'], ['gateway', 'motor']);
    assert.equal(entry.custom['releaseCounter'], 1);
    device.close();
    await server.dispose();
  });

  it('raises the release counter for each upload of the same software, and starts other software level with it', async () => {
    const server = await startScratchServer();
    for (const [filename, query] of [
      ['a-1', 'hardwareIds=x&name=a'],
      ['a-2', 'hardwareIds=x&name=a'],
      ['b-1', 'hardwareIds=x,y&name=b'],
      ['c-1', 'hardwareIds=y'],
      ['d-1', 'hardwareIds=z'],
      ['a-3', 'hardwareIds=x&name=a'],
    ] as const) {
      await upload(server, filename, Buffer.from(filename), query);
    }
    const rows = await server.ctx.db
      .selectFrom('image_targets')
      .select(['filename', 'release_counter'])
      .orderBy('filename')
      .execute();
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.filename, row.release_counter])), {
      'a-1': 1,
      'a-2': 2,
      'a-3': 3,
      'b-1': 2,
      'c-1': 2,
      'd-1': 1,
    });
    await server.dispose();
  });

  it('takes the same bytes again under the same name, but no others [5.3.1-6]', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    assert.equal((await upload(server, 'app.bin')).status, 200);
    const changed = Buffer.from(image);
    changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
    for (const other of [changed, Buffer.from('shorter')]) {
      const answer = await upload(server, 'app.bin', other);
      assert.equal(answer.status, 409);
      assert.equal(((await answer.json()) as { code: string }).code, 'conflicting_entity');
    }
    assert.equal(blobs(server).length, 1);
    await server.dispose();
  });

  it('lets one of two win, when both upload the same name at once', async () => {
    const server = await startScratchServer();
    const answers = await Promise.all([
      upload(server, 'app.bin', Buffer.from('one')),
      upload(server, 'app.bin', Buffer.from('two')),
    ]);
    assert.deepEqual(statuses(answers), [201, 409]);
    const twins = await Promise.all([upload(server, 'twin.bin'), upload(server, 'twin.bin')]);
    assert.deepEqual(statuses(twins), [200, 201]);
    assert.equal(blobs(server).length, 2);
    await server.dispose();
  });

  it('leaves nothing behind, when it is cut off half-way', async () => {
    const server = await startScratchServer();
    const { port } = new URL(server.apiUrl);
    const socket = tcpConnect({ port: Number(port), host: '127.0.0.1' });
    socket.write(
      `PUT /api/v3/software/half.bin?hardwareIds=x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Length: ${image.length}\r\n\r\n`,
    );
    socket.write(image.subarray(0, image.length / 2));
    while (blobs(server).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while (blobs(server).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await listed(server), []);
    assert.equal((await upload(server, 'half.bin')).status, 201);
    await server.dispose();
  });

  it('is given up, when no byte comes any more', async () => {
    const { ctx, dataDir, ...idle } = await startScratchServer();
    await idle.close();
    const server = await startScratchServer({ dataDir, limits: { ...ctx.config.limits, idleMs: 150 } });
    const { port } = new URL(server.apiUrl);
    const socket = tcpConnect({ port: Number(port), host: '127.0.0.1' });
    socket.write(
      `PUT /api/v3/software/stall.bin?hardwareIds=x HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${server.token}\r\nContent-Length: ${image.length}\r\n\r\n`,
    );
    socket.write(image.subarray(0, 1000));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.resume().once('close', resolve));
    while (blobs(server).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await listed(server), []);
    await server.dispose();
  });

  it('asks for the length in advance', async () => {
    const server = await startScratchServer();
    const answer = await fetch(`${server.apiUrl}/api/v3/software/app.bin?hardwareIds=x`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.token}` },
      body: new Blob([new Uint8Array(image)]).stream(),
      duplex: 'half',
    });
    assert.equal(answer.status, 411);
    await server.dispose();
  });

  it('refuses a file longer than the limit before reading it', async () => {
    const server = await startScratchServer();
    const { limits } = server.ctx.config;
    await server.close();
    const small = await startScratchServer({
      dataDir: server.dataDir,
      limits: { ...limits, softwareBytes: 1000 },
    });
    assert.equal((await upload(small, 'app.bin')).status, 413);
    await small.dispose();
  });

  it('refuses one target more than devices would read the list of, and keeps nothing of it', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    const row = await server.ctx.db.selectFrom('image_targets').selectAll().executeTakeFirstOrThrow();
    const hardwareIds = JSON.stringify(Array.from({ length: 100 }, (_, i) => `${'x'.repeat(180)}${i}`));
    for (let i = 0; i < 450; i += 1) {
      const other = { ...row, filename: `other-${i}`, hardware_ids: hardwareIds };
      await server.ctx.db.insertInto('image_targets').values(other).execute();
    }
    const answer = await upload(server, 'last.bin', Buffer.from('the last straw'));
    assert.equal(answer.status, 413);
    assert.match(((await answer.json()) as { detail: string }).detail, /list of software is full/);
    assert.equal((await server.api('GET', '/software/last.bin')).status, 404);
    assert.equal(blobs(server).length, 1);
    await server.dispose();
  });

  it('refuses names that could not be signed, or would leave their place [5.2-1, 5.2.7-3]', async () => {
    const server = await startScratchServer();
    for (const name of ['..', 'a/../b', 'a%20b', 'gr%C3%BCn', 'x'.repeat(254), 'a//b', 'a%00b']) {
      const answer = await upload(server, encodeURIComponent(decodeURIComponent(name)));
      assert.ok(answer.status === 400 || answer.status === 404, `${name}: ${answer.status}`);
    }
    assert.equal((await upload(server, 'app.bin', image, 'hardwareIds=gr%C3%BCn')).status, 400);
    assert.equal((await upload(server, 'app.bin', image, 'name=x')).status, 400);
    assert.deepEqual(await listed(server), []);
    assert.deepEqual(blobs(server), []);
    await server.dispose();
  });

  it('takes JSON and empty files as what they are: bytes', async () => {
    const server = await startScratchServer();
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
    for (const [name, body] of [
      ['config.json', '{"a": 1}'],
      ['empty.bin', ''],
    ] as const) {
      const answer = await fetch(`${server.apiUrl}/api/v3/software/${name}?hardwareIds=x`, {
        method: 'PUT',
        headers,
        body,
      });
      assert.equal(answer.status, 201);
      assert.equal(((await answer.json()) as { lengthBytes: number }).lengthBytes, body.length);
    }
    await server.dispose();
  });

  it('is listed page by page', async () => {
    const server = await startScratchServer();
    for (const name of ['c', 'a', 'b']) await upload(server, name, Buffer.from(name));
    const first = (await (await server.api('GET', '/software?limit=2')).json()) as {
      values: { filename: string }[];
      nextCursor: string;
    };
    assert.deepEqual(
      first.values.map((item) => item.filename),
      ['a', 'b'],
    );
    const second = (await (
      await server.api('GET', `/software?limit=2&cursor=${first.nextCursor}`)
    ).json()) as { values: { filename: string }[] };
    assert.deepEqual(
      second.values.map((item) => item.filename),
      ['c'],
    );
    assert.equal('nextCursor' in second, false);
    await server.dispose();
  });
});

describe('download of a target', () => {
  it('gives the whole file, its length without the file, or the asked part [5.3.1-1]', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    const device = await provisionDevice(server, 'car-1');
    const path = '/repo/targets/app.bin';
    const whole = await device.send('GET', path);
    assert.deepEqual(whole.body, image);
    assert.equal(whole.headers['etag'], `"${sha256}"`);
    const head = await device.send('HEAD', path);
    assert.equal(head.headers['content-length'], String(image.length));
    assert.equal(head.body.length, 0);
    for (const [range, first, last] of [
      ['bytes=100000-', 100_000, 299_999],
      ['bytes=5-9', 5, 9],
      ['bytes=299990-999999', 299_990, 299_999],
      ['bytes=-7', 299_993, 299_999],
    ] as const) {
      const part = await device.send('GET', path, { headers: { range } });
      assert.equal(part.status, 206);
      assert.equal(part.headers['content-range'], `bytes ${first}-${last}/300000`);
      assert.deepEqual(part.body, image.subarray(first, last + 1));
    }
    device.close();
    await server.dispose();
  });

  it('refuses a range behind the end, and ignores ranges it does not speak', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    const device = await provisionDevice(server, 'car-1');
    const path = '/repo/targets/app.bin';
    const behind = await device.send('GET', path, { headers: { range: 'bytes=300000-' } });
    assert.equal(behind.status, 416);
    assert.equal(behind.headers['content-range'], 'bytes */300000');
    for (const range of ['bytes=0-1,5-9', 'lines=1-2', 'bytes=9-5']) {
      assert.equal((await device.send('GET', path, { headers: { range } })).status, 200);
    }
    device.close();
    await server.dispose();
  });

  it('starts over, when If-Range names another file, and costs nothing, when the device has it', async () => {
    const server = await startScratchServer();
    await upload(server, 'app.bin');
    const device = await provisionDevice(server, 'car-1');
    const path = '/repo/targets/app.bin';
    const same = await device.send('GET', path, {
      headers: { range: 'bytes=10-', 'if-range': `"${sha256}"` },
    });
    assert.equal(same.status, 206);
    const other = await device.send('GET', path, { headers: { range: 'bytes=10-', 'if-range': '"other"' } });
    assert.equal(other.status, 200);
    assert.equal(other.body.length, image.length);
    assert.equal(
      (await device.send('GET', path, { headers: { 'if-none-match': `"${sha256}"` } })).status,
      304,
    );
    device.close();
    await server.dispose();
  });

  it('ends whole, when the server is asked to stop meanwhile', async () => {
    const server = await startScratchServer();
    const large = randomBytes(20_000_000);
    await upload(server, 'large.bin', large);
    const device = await provisionDevice(server, 'car-1');
    const stopping: Promise<void>[] = [];
    const onHead = (): void => void stopping.push(server.close());
    const download = await device.send('GET', '/repo/targets/large.bin', { onHead });
    assert.equal(download.body.equals(large), true);
    device.close();
    await Promise.all(stopping);
  });

  it('finds names with unusual characters, as the device encodes them [5.2.7-3]', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    for (const name of ['dir/app+1.bin', '100%.bin', 'a?b#c&d=e', 'q;r@s:t', '%2F', '~!$(x)*']) {
      assert.equal((await upload(server, encodeURIComponent(name), Buffer.from(name))).status, 201, name);
      const answer = await device.send('GET', `/repo/targets/${encodeTargetName(name)}`);
      assert.equal(answer.body.toString(), name);
    }
    assert.equal((await device.send('GET', '/repo/targets/none.bin')).status, 404);
    device.close();
    await server.dispose();
  });
});
