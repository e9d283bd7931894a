import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { openStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import { defaultConfig } from '@ota-connect/libaktualizr/config/defaults';

import { openTestGateway } from '../../../../packages/libaktualizr/test/support/test-gateway.ts';
import type { TestGateway } from '../../../../packages/libaktualizr/test/support/test-gateway.ts';

const COMMAND = join(import.meta.dirname, '../../bin/aktualizr-get.js');

type Answer = { readonly code: number | null; readonly out: Buffer; readonly err: string };

async function run(args: readonly string[], readOnly = Number.POSITIVE_INFINITY): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let err = '';
  let received = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    received += chunk.length;
    if (received > readOnly) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }));
  return promise;
}

describe('aktualizr-get', () => {
  let gateway: TestGateway;
  let folder: string;
  let config: string;
  before(async () => {
    gateway = await openTestGateway();
    folder = mkdtempSync(join(tmpdir(), 'aktualizr-get-'));
    config = join(folder, 'sota.toml');
    writeFileSync(config, `[storage]\npath = "${folder}"\n`);
    const storage = openStorage({ ...defaultConfig().storage, path: folder });
    storage.credentials.saveTls(gateway.credentials);
    storage.close();
    const bytes = Buffer.alloc(3_000_000, 7);
    gateway.answerOf = ({ path }) => {
      const answer = (status: number, body: Uint8Array) => ({ status, headers: {}, body });
      if (path === '/bytes') return answer(200, bytes);
      if (path === '/no-content') return answer(204, new Uint8Array());
      if (path === '/nothing') return answer(404, Buffer.from('{"code":"missing_entity"}'));
      return path === '/refused' ? answer(403, Buffer.from('no')) : undefined;
    };
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes the body as it is, by the credentials of the device and with the headers that were given', async () => {
    gateway.requests.length = 0;
    const url = `${gateway.url}/bytes`;
    const { code, out, err } = await run([
      '-c',
      config,
      '-u',
      url,
      '-H',
      'X-One: 1',
      '--header',
      'X-Two:two ',
    ]);
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(out, Buffer.alloc(3_000_000, 7));
    const [request] = gateway.requests;
    assert.deepEqual([request?.headers['x-one'], request?.headers['x-two']], ['1', 'two']);
    assert.match(request?.headers['user-agent'] ?? '', /^Aktualizr\//);
  });

  it('ends quietly when whoever reads has seen enough', async () => {
    const { code, err } = await run(['-c', config, '-u', `${gateway.url}/bytes`], 1000);
    assert.deepEqual([code, err], [0, '']);
  });

  it('counts no other status than 200, and writes nothing of its body', async () => {
    for (const [path, expected] of [
      ['/nothing', 69],
      ['/no-content', 69],
      ['/refused', 77],
    ] as const) {
      const { code, out, err } = await run(['-c', config, '-u', `${gateway.url}${path}?token=geheim`]);
      assert.equal(code, expected, err);
      assert.equal(out.length, 0);
      assert.match(err, /answered (404|204|403)/);
      assert.doesNotMatch(err, /geheim/);
    }
  });

  it('fails when the body breaks off', async (test) => {
    gateway.faultOf = () => ({ kind: 'truncate', afterBytes: 1000 });
    test.after(() => (gateway.faultOf = () => undefined));
    const { code, err } = await run(['-c', config, '-u', `${gateway.url}/bytes`]);
    assert.equal(code, 69, err);
    assert.match(err, /broke off/);
  });

  it('says what is missing: the URL, a proper header, the database, the server', async () => {
    assert.match((await run(['-c', config])).err, /needs --url/);
    assert.equal((await run(['-c', config])).code, 64);
    assert.match((await run(['-u', 'http://x/'])).err, /takes an https address/);
    assert.match((await run(['-u', 'https://x/', '-H', 'no colon'])).err, /"Name: value"/);
    assert.match((await run(['-u', 'https://x/', '-H', 'A: b\r\nC: d'])).err, /"Name: value"/);
    assert.match((await run(['--urll', 'https://x/'])).err, /Did you mean --url/);
    const empty = join(folder, 'empty.toml');
    writeFileSync(empty, `[storage]\npath = "${join(folder, 'nowhere')}"\n`);
    const never = await run(['-c', empty, '-u', `${gateway.url}/bytes`]);
    assert.equal(never.code, 77, never.err);
    const away = await run(['-c', config, '-u', 'https://localhost:1/']);
    assert.equal(away.code, 69, away.err);
  });

  it('explains itself', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    assert.match(out.toString(), /--header LINE/);
    assert.match((await run(['--version'])).out.toString(), /^\d+\.\d+\.\d+\n$/);
  });
});
