// The daemon on a bus: a real dbus-daemon with the policy that we ship, and its own tools as the callers.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { deviceFolder, type Folder } from '../../apps/aktualizr/test/process.ts';
import { openTestGateway, type TestGateway } from '../../packages/libaktualizr/test/support/test-gateway.ts';

const run = promisify(execFile);
const NAME = 'org.otaconnect.Aktualizr1';
const OBJECT = '/org/otaconnect/Aktualizr1';
const POLICY = path.resolve(import.meta.dirname, '../../packaging/systemd/dbus-policy.conf');

type Bus = { readonly address: string; stop(): Promise<void> };

/** A system bus of our own: closed but for what policies open, and everybody may connect. */
async function startBus(folder: string): Promise<Bus> {
  const address = `unix:path=${path.join(folder, 'bus.sock')}`;
  const config = path.join(folder, 'bus.conf');
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>${POLICY}</include>
</busconfig>
`,
  );
  const daemon = spawn('dbus-daemon', ['--nofork', '--print-address', `--config-file=${config}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  daemon.stderr.resume();
  await once(daemon.stdout, 'data');
  return {
    address,
    stop: async () => {
      daemon.kill();
      await once(daemon, 'close');
    },
  };
}

describe('daemon on D-Bus', () => {
  let folder: string;
  let bus: Bus;
  let gateway: TestGateway;
  let device: Folder;
  let daemon: { readonly child: ChildProcess; readonly ended: Promise<{ readonly code: number | null }> };
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'dbus-'));
    chmodSync(folder, 0o755);
    bus = await startBus(folder);
    gateway = await openTestGateway();
    device = deviceFolder(gateway);
    setDbus('required');
    process.env.DBUS_SYSTEM_BUS_ADDRESS = bus.address;
    daemon = await device.start(['full'], /Polling/);
  });
  after(async () => {
    daemon.child.kill('SIGTERM');
    assert.equal((await daemon.ended).code, 0);
    delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
    device.remove();
    await gateway.close();
    await bus.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function setDbus(value: string): void {
    const text = readFileSync(device.configFile, 'utf8');
    writeFileSync(
      device.configFile,
      text.replace(/^dbus = .*$/m, `dbus = "${value}"`).replace('polling_sec = 1\n', 'polling_sec = 3600\n'),
    );
  }

  async function send(member: string, ...args: readonly string[]): Promise<string> {
    const words = [
      `--bus=${bus.address}`,
      '--print-reply=literal',
      `--dest=${NAME}`,
      OBJECT,
      member,
      ...args,
    ];
    return (await run('dbus-send', words)).stdout.trim();
  }

  async function call(method: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await send(`${NAME}.${method}`, ...args)) as Record<string, unknown>;
  }

  function refusal(error: unknown): boolean {
    return (
      error instanceof Error &&
      'stderr' in error &&
      /org\.freedesktop\.DBus\.Error\./.test(String(error.stderr))
    );
  }

  it('answers its status, and each verb with its outcome', async () => {
    assert.equal((await call('GetStatus')).command, 'status');
    assert.equal((await call('Check')).outcome, 'nothing_new');
    assert.equal((await call('CampaignCheck')).outcome, 'no_campaigns');
    assert.equal((await call('CampaignAccept', 'string:nobody')).outcome, 'no_such_campaign');
    assert.equal((await call('Pause')).outcome, 'paused');
    assert.equal((await call('Resume')).outcome, 'resumed');
    assert.equal((await call('Reload')).outcome, 'reloaded');
  });

  it('sends each event as a signal', async () => {
    const monitor = spawn('dbus-monitor', ['--address', bus.address, `interface='${NAME}',type='signal'`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let heard = '';
    monitor.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    // It tells of its own name first: from then on it listens.
    while (!heard.includes('NameAcquired')) await once(monitor.stdout, 'data');
    await call('Check');
    while (!heard.includes('UpdateCheckComplete')) await once(monitor.stdout, 'data');
    assert.match(heard, /member=Event/);
    assert.match(heard, /"result":\{"kind":"nothing_new"\}/);
    monitor.kill();
    await once(monitor, 'close');
  });

  it('has properties that can be read alone, and a description of itself', async () => {
    const property = (...args: readonly string[]) =>
      send('org.freedesktop.DBus.Properties.Get', ...args.map((arg) => `string:${arg}`));
    assert.match(await property(NAME, 'DeviceId'), /device-1/);
    assert.match(await property(NAME, 'Paused'), /boolean false/);
    assert.match(await send('org.freedesktop.DBus.Properties.GetAll', `string:${NAME}`), /InstalledName/);
    const xml = await send('org.freedesktop.DBus.Introspectable.Introspect');
    assert.match(xml, /<method name="CampaignAccept"><arg name="campaignId" type="s" direction="in"\/>/);
    await assert.rejects(property(NAME, 'constructor'), refusal);
    await assert.rejects(property('org.example', 'Status'), refusal);
    await assert.rejects(
      send('org.freedesktop.DBus.Properties.Set', `string:${NAME}`, 'string:Status', 'variant:string:x'),
      refusal,
    );
  });

  it('refuses what does not exist and wrong arguments, and goes on', async () => {
    for (const method of ['Explode', 'constructor', 'toString'])
      await assert.rejects(send(`${NAME}.${method}`), refusal);
    await assert.rejects(send(`${NAME}.CampaignAccept`), refusal);
    await assert.rejects(send(`${NAME}.CampaignAccept`, 'uint32:7'), refusal);
    assert.equal((await call('GetStatus')).command, 'status');
  });

  it('is closed by its policy to other users', async () => {
    const asNobody = (member: string) =>
      run('dbus-send', [`--bus=${bus.address}`, '--print-reply=literal', `--dest=${NAME}`, OBJECT, member], {
        uid: 65534,
        gid: 65534,
      });
    for (const member of ['Check', 'GetStatus'])
      await assert.rejects(asNobody(`${NAME}.${member}`), /AccessDenied/);
  });

  it('ends a daemon that requires the name while another has it, in words', async () => {
    const other = deviceFolder(gateway);
    const text = readFileSync(other.configFile, 'utf8');
    writeFileSync(other.configFile, text.replace('dbus = "off"', 'dbus = "required"'));
    const required = await other.run('full');
    assert.equal(required.code, 1);
    assert.match(required.stderr, /The name org\.otaconnect\.Aktualizr1 is taken on the bus/);
    writeFileSync(other.configFile, text.replace('dbus = "off"', 'dbus = "auto"'));
    const { child, ended } = await other.start(['full'], /Polling/);
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.match(stderr, /The daemon is not on D-Bus: The name .* is taken/);
    other.remove();
  });
});
