import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { startScratchServer, type ScratchServer } from './app.ts';
import { createCredentials, provisionDevice } from './device.ts';
import { scratchFolder } from './scratch-folder.ts';

const command = fileURLToPath(new URL('../bin/ota-connect.js', import.meta.url));

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** `ota-connect` in a process of its own, until it ends. */
function run(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Names and contents, without what a running server may touch. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String).toSorted();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}

function assertOneSentence(text: string, pattern: RegExp): void {
  assert.match(text, pattern);
  assert.equal(text.trim().split('\n').length, 1, text);
  assert.doesNotMatch(text, /\bat .*\.ts:/);
}

async function stopped(server: ScratchServer): Promise<string> {
  await server.close();
  return server.dataDir;
}

describe('first start', () => {
  it('makes its secrets readable by their owner alone', async () => {
    const server = await startScratchServer();
    for (const name of ['operator-token', 'vault.key']) {
      assert.equal(statSync(join(server.dataDir, name)).mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(server.dataDir).mode & 0o777, 0o700);
    const database = readFileSync(join(server.dataDir, 'ota-connect.db-wal'));
    assert.equal(database.includes(server.token), false);
    assert.equal(database.includes('PRIVATE KEY'), false);
    await server.dispose();
  });

  it('closes a data directory that others may read, and makes no file for them', async () => {
    const dataDir = join(scratchFolder(), 'data');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    const server = await startScratchServer({ dataDir });
    assert.equal(statSync(dataDir).mode & 0o777, 0o700);
    for (const name of readdirSync(dataDir, { recursive: true }).map(String)) {
      assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name);
    }
    await server.dispose();
  });

  it('writes no secret through a link that stands in its place', async () => {
    const folder = scratchFolder();
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(join(folder, 'elsewhere'), 'untouched');
    symlinkSync(join(folder, 'elsewhere'), join(dataDir, 'operator-token'));
    symlinkSync(join(folder, 'nowhere'), join(dataDir, 'vault.key'));
    const server = await startScratchServer({ dataDir });
    assert.equal(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'untouched');
    assert.equal(existsSync(join(folder, 'nowhere')), false);
    for (const name of ['operator-token', 'vault.key']) {
      assert.equal(lstatSync(join(dataDir, name)).isFile(), true, name);
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
    }
    assert.equal((await server.api('GET', '/session')).status, 200);
    await server.dispose();
  });

  it('keeps no vault key on the disk, when one is given from outside', async () => {
    const vaultKey = 'ab'.repeat(32);
    const server = await startScratchServer({ vaultKey });
    assert.equal(existsSync(join(server.dataDir, 'vault.key')), false);
    const dataDir = await stopped(server);
    const withoutIt = startScratchServer({ dataDir });
    await assert.rejects(withoutIt, { code: 'wrong_vault_key' });
    await (await startScratchServer({ dataDir, vaultKey })).dispose();
  });

  it('answers /health without a token', async () => {
    const server = await startScratchServer();
    const answer = await fetch(`${server.apiUrl}/health`);
    assert.deepEqual(await answer.json(), { status: 'ok', version: '0.1.0' });
    await server.dispose();
  });
});

describe('user API', () => {
  it('wants a token it knows, on every path below /api/v3 [5.3.1-3]', async () => {
    const server = await startScratchServer();
    for (const authorization of [
      undefined,
      'Bearer wrong',
      `Basic ${server.token}`,
      'Bearer ',
      `Bearer ${server.token}x`,
    ]) {
      for (const path of ['/session', '/software', '/devices']) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await fetch(`${server.apiUrl}/api/v3${path}`, { headers });
        assert.equal(answer.status, 401, `${authorization} ${path}`);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
        assert.equal(((await answer.json()) as { code: string }).code, 'not_signed_in');
      }
    }
    await server.dispose();
  });

  it('refuses a token that was revoked', async () => {
    const server = await startScratchServer();
    assert.equal((await server.api('GET', '/session')).status, 200);
    await server.ctx.db.updateTable('api_tokens').set({ revoked_at: 1 }).execute();
    assert.equal((await server.api('GET', '/session')).status, 401);
    await server.dispose();
  });

  it('tells whose token it is', async () => {
    const server = await startScratchServer();
    const session = (await (await server.api('GET', '/session')).json()) as {
      environment: string;
      token: { name: string };
    };
    assert.equal(session.environment, 'default');
    assert.equal(session.token.name, 'operator');
    await server.dispose();
  });

  it('answers what is malformed with a problem that names it, and hides what is its own fault', async () => {
    const server = await startScratchServer();
    const malformed = await server.api('POST', '/provisioning/credentials', { validDays: 'soon' });
    assert.equal(malformed.status, 400);
    const problem = (await malformed.json()) as Record<string, unknown>;
    assert.equal(problem['code'], 'invalid_entity');
    assert.match(String(problem['detail']), /validDays/);
    assert.equal(problem['description'], problem['detail']);
    assert.equal((await server.api('GET', '/software?limit=many')).status, 400);
    await server.ctx.db.schema.dropTable('image_targets').execute();
    const broken = await server.api('GET', '/software');
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /image_targets/);
    await server.dispose();
  });
});

describe('a full disk', () => {
  it('is answered with 503, and nothing is half done', async () => {
    const server = await startScratchServer();
    await sql`PRAGMA max_page_count = 1`.execute(server.ctx.db);
    let status = 201;
    for (let i = 0; i < 500 && status === 201; i += 1) {
      const answer = await server.api('POST', '/provisioning/credentials', { description: 'x'.repeat(200) });
      status = answer.status;
      if (status !== 201)
        assert.equal(((await answer.json()) as { code: string }).code, 'storage_unavailable');
    }
    assert.equal(status, 503);
    await sql`PRAGMA max_page_count = 1000000`.execute(server.ctx.db);
    assert.equal((await server.api('POST', '/provisioning/credentials', {})).status, 201);
    await server.dispose();
  });
});

describe('restart', () => {
  it('finds keys, certificates, devices, software and the token again', async () => {
    const server = await startScratchServer();
    const { ca } = await createCredentials(server);
    const device = await provisionDevice(server, 'car-1');
    await fetch(`${server.apiUrl}/api/v3/software/app.bin?hardwareIds=x`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.token}` },
      body: 'hello',
    });
    const root = (await device.send('GET', '/repo/root.json')).body;
    const targets = (await device.send('GET', '/repo/targets.json')).body;
    device.close();
    const again = await server.restart();
    assert.equal(again.token, server.token);
    assert.equal((await createCredentials(again)).ca, ca);
    const other = await provisionDevice(again, 'car-2');
    assert.deepEqual((await other.send('GET', '/repo/root.json')).body, root);
    assert.deepEqual((await other.send('GET', '/repo/targets.json')).body, targets);
    assert.equal((await other.send('GET', '/repo/targets/app.bin')).body.toString(), 'hello');
    const taken = await provisionDevice(again, 'car-1').then(() => '', String);
    assert.match(taken, /device_already_registered/);
    other.close();
    await again.dispose();
  });

  it('removes an upload whose server died before listing it', async () => {
    const server = await startScratchServer();
    writeFileSync(join(server.dataDir, 'blobs', 'orphan'), 'x');
    const again = await server.restart();
    assert.equal(existsSync(join(server.dataDir, 'blobs', 'orphan')), false);
    await again.dispose();
  });
});

describe('a start that cannot be', () => {
  it('ends with one sentence and exit code 1, when another server holds the data directory', async () => {
    const server = await startScratchServer();
    const ended = await run('serve', '--data-dir', server.dataDir, '--api-port', '0', '--gateway-port', '0');
    assert.equal(ended.code, 1);
    assertOneSentence(ended.stderr, new RegExp(`Another OTA Connect \\(process ${process.pid}\\) uses`));
    assert.equal((await server.api('GET', '/session')).status, 200);
    await server.dispose();
  });

  it('ends with one sentence and exit code 1, when a port is in use, and leaves no trace', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = String(typeof address === 'object' ? address?.port : 0);
    const dataDir = join(scratchFolder(), 'data');
    const asApi = await run('serve', '--data-dir', dataDir, '--api-port', port, '--gateway-port', '0');
    assert.equal(asApi.code, 1);
    assertOneSentence(asApi.stderr, new RegExp(`Port ${port} for the user API is in use`));
    const asGateway = await run('serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', port);
    assert.equal(asGateway.code, 1);
    assertOneSentence(asGateway.stderr, new RegExp(`Port ${port} for the device gateway is in use`));
    assert.equal(existsSync(dataDir), false);
    holder.close();
  });

  it('ends with one sentence and exit code 1, when the database is corrupt, and leaves every file as it was', async () => {
    const dataDir = await stopped(await startScratchServer());
    writeFileSync(join(dataDir, 'ota-connect.db'), 'no database at all '.repeat(1000));
    const before = contents(dataDir);
    const ended = await run('serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0');
    assert.equal(ended.code, 1);
    assertOneSentence(ended.stderr, /The database .* is damaged; nothing was changed/);
    assert.deepEqual(contents(dataDir), before);
  });

  it('ends with one sentence and exit code 1, when the vault key is another or missing', async () => {
    const dataDir = await stopped(await startScratchServer());
    const args = ['serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0'];
    const key = readFileSync(join(dataDir, 'vault.key'), 'utf8');
    for (const [text, sentence] of [
      ['0'.repeat(64), /vault key does not open the keys/],
      ['short', /vault\.key must hold 64 hexadecimal digits/],
    ] as const) {
      writeFileSync(join(dataDir, 'vault.key'), text);
      const ended = await run(...args);
      assert.equal(ended.code, 1);
      assertOneSentence(ended.stderr, sentence);
    }
    renameSync(join(dataDir, 'vault.key'), join(dataDir, 'vault.key.away'));
    const ended = await run(...args);
    assertOneSentence(ended.stderr, /vault key is missing/);
    assert.equal(existsSync(join(dataDir, 'vault.key')), false);
    writeFileSync(join(dataDir, 'vault.key'), key);
    await (await startScratchServer({ dataDir })).dispose();
  });

  it('ends with one sentence and exit code 1, when others may write to the data directory', async () => {
    for (const mode of [0o777, 0o770, 0o702]) {
      const dataDir = join(scratchFolder(), 'data');
      mkdirSync(dataDir);
      chmodSync(dataDir, mode);
      const ended = await run('serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0');
      assert.equal(ended.code, 1);
      assertOneSentence(ended.stderr, /may be written by other users \(mode 7[70][027]\)/);
      assert.deepEqual(readdirSync(dataDir), []);
    }
  });

  it('ends with one sentence and exit code 1, when the data directory belongs to another user', async () => {
    const isRoot = process.getuid?.() === 0;
    // Who is not root finds a folder of another user at the root.
    const dataDir = isRoot ? scratchFolder() : '/usr';
    if (isRoot) chownSync(dataDir, 12_345, 0);
    const ended = await run('serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0');
    assert.equal(ended.code, 1);
    assertOneSentence(ended.stderr, /belongs to another user/);
    assert.equal(existsSync(join(dataDir, 'lock')), false);
  });

  it('ends with one sentence and exit code 1, when the data directory cannot be one', async () => {
    const file = join(scratchFolder(), 'file');
    writeFileSync(file, 'a file');
    const ended = await run('serve', '--data-dir', file, '--api-port', '0', '--gateway-port', '0');
    assert.equal(ended.code, 1);
    assertOneSentence(ended.stderr, /The data directory .* cannot be used/);
    assert.equal(readFileSync(file, 'utf8'), 'a file');
  });

  it('ends with exit code 64, when the command line is wrong', async () => {
    for (const args of [['serve', '--api-port', 'eighty'], ['serve', '--colour'], ['dance']]) {
      const ended = await run(...args);
      assert.equal(ended.code, 64, args.join(' '));
      assert.notEqual(ended.stderr, '');
    }
  });

  it('takes over from a server that was killed', async () => {
    const dataDir = join(scratchFolder(), 'data');
    const args = [command, 'serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0'];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const server = await startScratchServer({ dataDir });
    assert.equal((await server.api('GET', '/session')).status, 200);
    await server.dispose();
  });
});

describe('stop', () => {
  it('ends with exit code 0, when asked by a signal', async () => {
    const dataDir = join(scratchFolder(), 'data');
    const args = [command, 'serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0'];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0);
  });
});
