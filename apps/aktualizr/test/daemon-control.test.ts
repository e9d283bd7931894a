// A running daemon and those who ask it for something: the command itself, which lets the daemon do its work, and other
// programs on the control socket. Real processes.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { manifestsOf } from '../../../packages/libaktualizr/test/support/requests.ts';
import { asking } from './control-socket.ts';
import { deviceFolder, type Folder, type Run } from './process.ts';

const CAMPAIGN = { id: 'c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493', name: 'Spring', size: 1, autoAccept: false };

describe('daemon under control', () => {
  let gateway: TestGateway;
  let folder: Folder;
  let socket: string;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
    socket = join(folder.path, 'control.sock');
    configure({ polling_sec: '3600' });
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  /** Other values, and what comes after it all. */
  function configure(values: Readonly<Record<string, string>>, more = ''): void {
    folder.configure(more);
    let text = readFileSync(folder.configFile, 'utf8');
    for (const [key, value] of Object.entries(values))
      text = text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);
    writeFileSync(folder.configFile, text);
  }

  type Daemon = { readonly child: ChildProcess; readonly ended: Promise<Run> };

  /** Through its first poll. */
  async function startDaemon(...args: readonly string[]): Promise<Daemon> {
    const daemon = await folder.start(['full', ...args], /Polling/);
    await until(async () => 'lastPoll' in (await asking(socket, 'GET', 'status')).body);
    gateway.requests.length = 0;
    return daemon;
  }

  async function stopped({ child, ended }: Daemon): Promise<Run> {
    child.kill('SIGTERM');
    return ended;
  }

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Images come at one byte a second from now on. */
  function hold(): { readonly asked: () => number; release(): void } {
    let asked = 0;
    gateway.drips = (path) => {
      const isHeld = path.startsWith('/repo/targets/');
      if (isHeld) asked += 1;
      return isHeld;
    };
    return { asked: () => asked, release: () => void (gateway.drips = () => false) };
  }

  async function offer(): Promise<void> {
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
  }

  describe('command', () => {
    it('is carried out by the daemon in the same words and with the same outcome', async () => {
      await folder.run('check');
      const alone = await folder.run('check');
      const aloneAsJson = await folder.run('check', '--json');
      const daemon = await startDaemon();
      assert.deepEqual(await folder.run('check'), alone);
      assert.deepEqual(await folder.run('check', '--json'), aloneAsJson);
      assert.equal(manifestsOf(gateway.requests).length, 2);
      await stopped(daemon);
    });

    it('updates step by step, and tells each step as JSON', async () => {
      const daemon = await startDaemon();
      await offer();
      const outcomes = [];
      for (const command of ['check', 'download', 'install', 'once'])
        outcomes.push(JSON.parse((await folder.run(command, '--json')).stdout).outcome);
      assert.deepEqual(outcomes, ['updates', 'downloaded', 'installed', 'nothing_new']);
      assert.match((await stopped(daemon)).stdout, /Stopped/);
    });

    it('fails with the same exit code and sentence as alone', async () => {
      await folder.run('check');
      gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
      await gateway.simulator.publish();
      const alone = await folder.run('check');
      const daemon = await startDaemon();
      const run = await folder.run('check');
      assert.equal(run.code, 3);
      assert.deepEqual(run, alone);
      gateway.faultOf = () => ({ kind: 'drop' });
      const unreachable = await folder.run('check', '--json');
      assert.equal(unreachable.code, 69);
      assert.equal(JSON.parse(unreachable.stdout).error.code, 'unreachable');
      await stopped(daemon);
    });

    it('answers campaigns', async () => {
      gateway.campaigns = { campaigns: [{ ...CAMPAIGN, metadata: [] }] };
      const daemon = await startDaemon();
      assert.match((await folder.run('campaign_check')).stdout, /Spring/);
      assert.equal((await folder.run('campaign_accept', '--campaign-id', CAMPAIGN.id)).code, 0);
      const unknown = await folder.run('campaign_decline', '--campaign-id', 'no/such id');
      assert.equal(unknown.code, 66);
      assert.match(unknown.stderr, /No campaign no\/such id waits for this device/);
      await stopped(daemon);
    });

    it('is refused to --standalone while the daemon holds the storage: 75 with who holds it', async () => {
      const daemon = await startDaemon();
      const run = await folder.run('check', '--standalone');
      assert.equal(run.code, 75);
      assert.match(run.stderr, new RegExp(`pid ${daemon.child.pid}`));
      await stopped(daemon);
      assert.equal((await folder.run('check', '--standalone')).code, 0);
    });

    it('ends in the daemon when it is interrupted, and the daemon goes on', async () => {
      const daemon = await startDaemon();
      await offer();
      const held = hold();
      const client = await folder.start(['once'], /Update found/);
      await until(() => held.asked() > 0);
      client.child.kill('SIGINT');
      const run = await client.ended;
      assert.equal(run.code, 1);
      assert.match(run.stderr, /The command was aborted/);
      await until(async () => (await asking(socket, 'GET', 'status')).body.outcome === 'waiting');
      held.release();
      assert.match((await folder.run('once')).stdout, /Installed/);
      await stopped(daemon);
    });

    it('says so when the daemon dies meanwhile: 1', async () => {
      const daemon = await startDaemon();
      await offer();
      const held = hold();
      const client = await folder.start(['once'], /Update found/);
      await until(() => held.asked() > 0);
      daemon.child.kill('SIGKILL');
      const run = await client.ended;
      assert.equal(run.code, 1);
      assert.match(run.stderr, /The daemon has gone before it gave an answer/);
    });

    it('works by itself when the daemon serves another storage', async () => {
      const daemon = await startDaemon();
      const other = deviceFolder(gateway);
      const text = readFileSync(other.configFile, 'utf8');
      writeFileSync(other.configFile, text.replace(join(other.path, 'control.sock'), socket));
      const run = await other.run('check');
      assert.equal(run.code, 0);
      assert.match(run.stderr, /Provisioned/);
      other.remove();
      await stopped(daemon);
    });
  });

  describe('person', () => {
    it('sees its status, pauses and resumes it', async () => {
      const daemon = await startDaemon();
      assert.match((await folder.run('status')).stdout, /waiting\n[^]*every 3600 s/);
      assert.match((await folder.run('pause')).stdout, /paused/);
      assert.match((await folder.run('status')).stdout, /paused/);
      assert.match((await folder.run('resume')).stdout, /resumed/);
      assert.equal(JSON.parse((await folder.run('resume', '--json')).stdout).outcome, 'already_running');
      await stopped(daemon);
    });

    it('ends what is under way', async () => {
      const daemon = await startDaemon();
      assert.equal(JSON.parse((await folder.run('abort', '--json')).stdout).outcome, 'nothing_to_abort');
      await offer();
      const held = hold();
      const client = await folder.start(['once'], /Update found/);
      await until(() => held.asked() > 0);
      assert.equal(JSON.parse((await folder.run('abort', '--json')).stdout).outcome, 'aborted');
      assert.match((await client.ended).stderr, /The command was aborted/);
      await stopped(daemon);
    });

    it('hears that there is no daemon: 69', async () => {
      const run = await folder.run('status');
      assert.equal(run.code, 69);
      assert.match(run.stderr, /No daemon answers for the storage .*aktualizr-info/);
    });

    it('reads the configuration again with SIGHUP and with reload: what changes at once does, the rest is named', async () => {
      const daemon = await startDaemon();
      configure({ polling_sec: '60' }, '\n[telemetry]\nreport_network = false\n');
      const { body } = await asking(socket, 'POST', 'reload');
      assert.deepEqual(body.changed, ['uptane.polling_sec']);
      assert.deepEqual(body.later, ['telemetry.report_network']);
      configure({ polling_sec: '120' }, '\n[telemetry]\nreport_network = false\n');
      daemon.child.kill('SIGHUP');
      await until(async () => {
        const { polling } = (await asking(socket, 'GET', 'status')).body as {
          polling: { everySeconds: number };
        };
        return polling.everySeconds === 120;
      });
      const { code, stderr } = await stopped(daemon);
      assert.equal(code, 0);
      assert.match(stderr, /Only the next start brings telemetry\.report_network into force/);
    });

    it('is told why a broken configuration is refused, and the one in force stays', async () => {
      const daemon = await startDaemon();
      configure({ polling_sec: '"soon"' });
      const run = await folder.run('reload', '--config', folder.configFile);
      assert.equal(run.code, 78, run.stderr);
      assert.match(run.stderr, /config\.toml:\d+: .*polling_sec/);
      assert.match((await folder.run('status')).stdout, /every 3600 s/);
      writeFileSync(folder.configFile, '[pacman]\ntype = "none"\n');
      daemon.child.kill('SIGHUP');
      await until(async () => {
        const answer = await asking(socket, 'POST', 'reload');
        return answer.status === 409 && /names no server/.test(String(answer.body.detail));
      });
      const { code, stderr } = await stopped(daemon);
      assert.equal(code, 0);
      assert.match(stderr, /The configuration in force stays as it is/);
    });
  });

  it('tells a user who may not use the socket that and who may: 1', async (context) => {
    if (process.getuid?.() !== 0) return context.diagnostic('only root can become another user');
    const daemon = await startDaemon();
    chmodSync(folder.path, 0o755);
    const { code, stderr } = await asNobody(['--config', folder.configFile, 'check']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /may not use the daemon's control socket/);
    await stopped(daemon);
  });

  async function asNobody(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
    const program = new URL('../bin/aktualizr.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, ...args], {
      uid: 65534,
      gid: 65534,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = await once(child, 'close');
    return { code: code as number | null, stderr };
  }
});
