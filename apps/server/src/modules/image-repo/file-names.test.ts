import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { encodeTargetName } from '@ota-connect/contract/device';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { provisionDevice, type Answer, type TestDevice } from '../../../test/device.ts';

const image = randomBytes(5_000);
const hashOf = (algorithm: string, bytes: Buffer): string =>
  createHash(algorithm).update(bytes).digest('hex');
const sha256 = hashOf('sha256', image);
const sha512 = hashOf('sha512', image);
const same = ({ status, headers, body }: Answer): unknown => [
  status,
  ...['etag', 'content-length', 'content-range', 'accept-ranges', 'content-type', 'cache-control'].map(
    (name) => headers[name],
  ),
  body.toString('base64'),
];

let server: ScratchServer;
let device: TestDevice;
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  device.send('GET', path, { headers });

async function upload(filename: string, body: Buffer): Promise<void> {
  const headers = { authorization: `Bearer ${server.token}` };
  const url = `${server.apiUrl}/api/v3/software/${encodeURIComponent(filename)}?hardwareIds=gateway`;
  const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) });
  assert.equal(answer.status, 201, await answer.text());
}

before(async () => {
  server = await startScratchServer();
  device = await provisionDevice(server, 'car-1');
  await upload('app.bin', image);
  await upload('apps/deep/a+b&c.bin', image);
});
after(async () => {
  device.close();
  await server.dispose();
});

describe('metadata of the Image repository under VERSION.NAME', () => {
  it('is the current version, as under the plain name [5.2.7-1]', async () => {
    for (const role of ['timestamp', 'snapshot', 'targets', 'root']) {
      const plain = await get(`/repo/${role}.json`);
      const { version } = plain.json()['signed'] as { version: number };
      const versioned = await get(`/repo/${version}.${role}.json`);
      assert.deepEqual(same(versioned), same(plain), role);
      const headers = { 'if-none-match': String(plain.headers['etag']) };
      const again = await get(`/repo/${version}.${role}.json`, headers);
      assert.deepEqual([again.status, again.body.length], [304, 0], role);
    }
  });

  it('is not there in another version, nor under a number written otherwise', async () => {
    const { version } = (await get('/repo/targets.json')).json()['signed'] as { version: number };
    const names = [
      version - 1,
      version + 1,
      999_999_999,
      `0${version}`,
      `-${version}`,
      `${version}.0`,
      'x',
      '',
    ];
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      for (const name of [...names, '9'.repeat(30)]) {
        assert.equal((await get(`/repo/${name}.${role}.json`)).status, 404, `${name}.${role}.json`);
      }
    }
  });

  it('moves on with the repository', async () => {
    const { version } = (await get('/repo/timestamp.json')).json()['signed'] as { version: number };
    await upload('later.bin', randomBytes(10));
    assert.equal((await get(`/repo/${version}.timestamp.json`)).status, 404);
    assert.equal((await get(`/repo/${version + 1}.timestamp.json`)).status, 200);
  });
});

describe('images under HASH.NAME', () => {
  const names = (hash: string): string[] => [
    `${hash}.app.bin`,
    `apps/deep/${hash}.a+b&c.bin`,
    `${hash}.apps/deep/a+b&c.bin`,
  ];

  it('are the same as under the plain name, by either hash in either case [5.2.7-2]', async () => {
    const plain = await get('/repo/targets/app.bin');
    assert.deepEqual([plain.status, plain.body.equals(image)], [200, true]);
    for (const hash of [sha256, sha512, sha256.toUpperCase(), sha512.toUpperCase()]) {
      for (const name of names(hash)) {
        const answer = await get(`/repo/targets/${encodeTargetName(name)}`);
        assert.deepEqual(same(answer), same(plain), name);
      }
    }
    const head = await device.send('HEAD', `/repo/targets/${sha256}.app.bin`);
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '5000', 0]);
  });

  it('go on where a download broke off, with the same ETag', async () => {
    const path = `/repo/targets/${sha256}.app.bin`;
    const etag = `"${sha256}"`;
    const part = await get(path, { range: 'bytes=4000-', 'if-range': etag });
    assert.deepEqual([part.status, part.headers['content-range']], [206, 'bytes 4000-4999/5000']);
    assert.deepEqual(part.body, image.subarray(4000));
    assert.equal((await get(path, { range: 'bytes=4000-', 'if-range': '"old"' })).status, 200);
    assert.equal((await get(path, { range: 'bytes=5000-' })).status, 416);
    assert.equal((await get(path, { 'if-none-match': etag })).status, 304);
  });

  it('are not there under another hash, another name, or a part of the hash', async () => {
    const other = hashOf('sha256', randomBytes(8));
    for (const name of [
      `${other}.app.bin`,
      `${sha256}.other.bin`,
      `${sha256.slice(1)}.app.bin`,
      `0${sha256}.app.bin`,
      `${sha256}${sha256}.app.bin`,
      `${sha256}app.bin`,
      `${sha256}.`,
      `${sha256}`,
      `${sha256}.${sha256}.app.bin`,
      `${sha256}./app.bin`,
      `x/${sha256}.app.bin`,
    ]) {
      const answer = await get(`/repo/targets/${name}`);
      assert.deepEqual([answer.status, answer.json()['code']], [404, 'missing_entity'], name);
    }
  });

  it('come second, where an image really is named like that', async () => {
    const odd = randomBytes(100);
    await upload(`${sha256}.app.bin`, odd);
    assert.deepEqual((await get(`/repo/targets/${sha256}.app.bin`)).body, odd);
    assert.deepEqual((await get(`/repo/targets/${sha512}.app.bin`)).body, image);
    const twice = `${hashOf('sha256', odd)}.${sha256}.app.bin`;
    assert.deepEqual((await get(`/repo/targets/${twice}`)).body, odd);
  });
});
