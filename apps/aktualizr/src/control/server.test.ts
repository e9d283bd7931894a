// The control socket over a real device: who may use it, what it refuses, what it streams.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aktualizr } from '@ota-connect/libaktualizr';
import { defaultConfig } from '@ota-connect/libaktualizr/config/defaults';
import { setStage } from '../../../../packages/libaktualizr/test/support/stage.ts';
import { asking, following } from '../../test/control-socket.ts';
import { Daemon } from '../daemon/daemon.ts';
import type { Door } from '../daemon/doors.ts';
import { LogTaps } from '../daemon/log-taps.ts';
import { createOutput } from '../output.ts';
import { openControlSocket } from './server.ts';

describe('control socket', () => {
  const stage = setStage();
  const said: string[] = [];
  const output = createOutput(({ text }) => void said.push(text));
  let folder: string;
  let socket: string;
  let aktualizr: Aktualizr;
  let daemon: Daemon;
  let door: Door | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'control-'));
    socket = join(folder, 'deeper', 'control.sock');
    ({ aktualizr } = await stage.open());
    const taps = new LogTaps(() => undefined);
    const config = defaultConfig();
    daemon = new Daemon({ aktualizr, config, sources: {}, output, taps, onConfig: () => undefined });
    said.length = 0;
  });
  afterEach(async () => {
    await door?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(group = '', path = socket): Promise<Door | undefined> {
    door = await openControlSocket(daemon, { path, group, output });
    return door;
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('is its own user’s alone, in a folder made for it, and goes with the daemon', async () => {
    await open();
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    await door?.close();
    assert.equal(existsSync(socket), false);
  });

  it('is open to the group of control.group, by name or number', async () => {
    for (const flag of ['-gn', '-g']) {
      await open(execFileSync('id', [flag], { encoding: 'utf8' }).trim());
      assert.equal(statSync(socket).mode & 0o777, 0o660);
      await door?.close();
    }
    assert.deepEqual(said, []);
  });

  it('stays its own user’s when there is no such group, and says so', async () => {
    await open('no-such-group');
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.match(said.join(), /there is no group no-such-group \(control\.group\)/);
  });

  it('leaves a living one of another process', async () => {
    await open('', join(folder, 'control.sock'));
    const second = await openControlSocket(daemon, { path: join(folder, 'control.sock'), group: '', output });
    assert.equal(second, undefined);
    assert.match(said.join(), /There is no control socket: another process answers on/);
    assert.equal((await asking(join(folder, 'control.sock'), 'GET', 'status')).status, 200);
  });

  it('replaces what a dead process left', async () => {
    const path = join(folder, 'control.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    assert.equal(existsSync(path), true);
    await open('', path);
    assert.deepEqual(said, []);
    assert.equal((await asking(path, 'GET', 'status')).status, 200);
  });

  it('leaves what is no socket', async () => {
    writeFileSync(join(folder, 'precious'), 'precious');
    assert.equal(await open('', join(folder, 'precious')), undefined);
    assert.match(said.join(), /is no socket; it is left as it is/);
    assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'precious');
  });

  it('is missing where no folder can be made, and says so', async () => {
    writeFileSync(join(folder, 'file'), '');
    assert.equal(await open('', join(folder, 'file', 'x', 'control.sock')), undefined);
    assert.match(said.join(), /There is no control socket: ENOTDIR/);
  });

  it('refuses what it does not understand, in words, and goes on', async () => {
    await open();
    for (const [method, path, status] of [
      ['GET', 'nothing', 404],
      ['GET', '../status', 404],
      ['GET', 'check', 405],
      ['POST', 'status', 405],
      ['POST', 'campaigns/%ff/accept', 404],
      ['POST', 'campaigns//accept', 404],
      ['POST', 'campaigns/x/explode', 404],
      ['POST', 'constructor', 404],
      ['GET', 'status/', 404],
    ] as const) {
      const answer = await asking(socket, method, path);
      assert.deepEqual([path, answer.status, answer.type], [path, status, 'application/problem+json']);
      assert.equal(typeof answer.body.code, 'string');
    }
    for (const body of ['{"half"', '[1]', '7', 'null'])
      assert.equal((await asking(socket, 'POST', 'check', body)).body.code, 'bad_request');
    assert.deepEqual(stage.gateway.requests, []);
    const odd = await asking(socket, 'POST', 'check', '{"__proto__":{"exitCode":7},"signal":1}');
    assert.equal(odd.body.exitCode, 0);
  });

  it('refuses a body that is too long, told or not', async () => {
    await open();
    const answer = await asking(socket, 'POST', 'check', `{"x":"${'x'.repeat(70_000)}"}`);
    assert.deepEqual([answer.status, answer.body.code], [413, 'too_long']);
    assert.deepEqual(stage.gateway.requests, []);
  });

  it('answers noise with 400 and goes on', async () => {
    await open();
    const noise = createConnection(socket);
    noise.end('\u0000\u0001 no HTTP at all\r\n\r\n');
    const [first] = (await once(noise, 'data')) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 400 /);
    assert.equal((await asking(socket, 'GET', 'status')).status, 200);
  });

  it('tells each verb’s outcome, with what it is about', async () => {
    await open();
    await stage.offer();
    const outcomes: unknown[] = [];
    for (const verb of ['device-data', 'manifest', 'check', 'download', 'install', 'once'])
      outcomes.push((await asking(socket, 'POST', verb)).body.outcome);
    assert.deepEqual(outcomes, ['sent', 'sent', 'updates', 'downloaded', 'installed', 'nothing_new']);
    const { body } = await asking(socket, 'GET', 'status');
    assert.equal((body.installed as { name: string }).name, 'app.bin');
    const { body: campaigns } = await asking(socket, 'GET', 'campaigns');
    assert.deepEqual([campaigns.outcome, campaigns.campaigns], ['no_campaigns', []]);
  });

  it('answers an error as a problem with the outcome in it', async () => {
    await open();
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    const { status, body } = await asking(socket, 'POST', 'check');
    assert.equal(status, 502);
    assert.deepEqual([body.code, body.outcome, body.exitCode], ['unreachable', 'error', 69]);
    assert.equal(typeof body.detail, 'string');
  });

  it('streams events with their results to several listeners', async () => {
    await open();
    const listeners = [await following(socket, 'events'), await following(socket, 'events')];
    await stage.offer();
    assert.equal((await asking(socket, 'POST', 'once')).body.outcome, 'installed');
    for (const listener of listeners) {
      await until(() => listener.events().includes('AllInstallsComplete'));
      assert.ok(listener.events().includes('DownloadProgressReport'));
      assert.match(listener.text(), /^data: \{"kind":"AllDownloadsComplete","success":true,"result":/m);
      listener.close();
    }
  });

  it('holds a paused daemon’s commands back until it is resumed', async () => {
    await open();
    assert.equal((await asking(socket, 'POST', 'pause')).body.outcome, 'paused');
    const checked = asking(socket, 'POST', 'check');
    assert.equal((await asking(socket, 'GET', 'status')).body.outcome, 'paused');
    assert.deepEqual(
      stage.gateway.requests.filter(({ path }) => path.endsWith('targets.json')),
      [],
    );
    assert.equal((await asking(socket, 'POST', 'resume')).body.outcome, 'resumed');
    assert.equal((await checked).body.outcome, 'nothing_new');
  });

  it('ends a command whose asker goes away, and that one alone', async () => {
    await open();
    await stage.offer();
    await asking(socket, 'POST', 'check');
    let isAsked = false;
    stage.gateway.drips = (path) => {
      const isImage = path.startsWith('/repo/targets/');
      isAsked ||= isImage;
      return isImage;
    };
    const leaving = createConnection(socket);
    leaving.write('POST /v1/download HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await until(() => isAsked);
    const waiting = asking(socket, 'POST', 'check');
    leaving.destroy();
    assert.equal((await waiting).body.outcome, 'updates');
  });

  it('is no trap for a server that only looks alive', async () => {
    const path = join(folder, 'silent.sock');
    const silent = createServer(() => undefined).listen(path);
    await once(silent, 'listening');
    assert.equal(await open('', path), undefined);
    silent.close();
  });
});
