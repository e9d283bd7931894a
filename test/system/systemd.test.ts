// The service under a systemd that runs as PID 1: units without a fault, ready by its own word, reloaded, watched, started
// anew when it dies, left alone when its configuration is wrong, and stopped when its package goes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem, type System } from '../../e2e/support/system.ts';
import { DebianMachine } from './support/debian-machine.ts';
import { builtPackages, configure, install, type BuiltPackages } from './support/packages.ts';

const UNIT = 'aktualizr.service';
const MAX_EXPOSURE = 68;
const BUS_NAME = 'org.otaconnect.Aktualizr1';
const BUS_OBJECT = '/org/otaconnect/Aktualizr1';

let system: System;
let machine: DebianMachine;
let packages: BuiltPackages;

before(async () => {
  packages = await builtPackages('1.0.0');
  [system, machine] = await Promise.all([startSystem(), DebianMachine.open('booted')]);
});

after(async () => {
  await machine.close();
  await system.stop();
  packages.remove();
});

function property(name: string): string {
  return machine.must('systemctl', 'show', '--value', '-p', name, UNIT).trim();
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (isSo()) return;
    await sleep(100);
  }
  const journal = machine.run('journalctl', '-u', UNIT, '--no-pager', '-n', '40').stdout;
  assert.fail(
    `${what} did not happen within 30 s: ${machine.run('systemctl', 'status', UNIT).stdout}${journal}`,
  );
}

async function untilRunning(afterPid = ''): Promise<string> {
  await until('a running daemon', () => {
    // In one question: a process that dies between two would be active and have no pid.
    const told = machine.must('systemctl', 'show', '-p', 'ActiveState', '-p', 'MainPID', UNIT);
    const pid = /^MainPID=(\d+)$/m.exec(told)?.[1] ?? '0';
    return told.includes('ActiveState=active') && pid !== '0' && pid !== afterPid;
  });
  return property('MainPID');
}

function dropIn(name: string, ...lines: readonly string[]): void {
  machine.write(`/etc/systemd/system/${UNIT}.d/${name}.conf`, `[Service]\n${lines.join('\n')}\n`);
  machine.must('systemctl', 'daemon-reload');
}

describe('aktualizr.service', () => {
  it('is installed and enabled, and not tried again and again while no server is configured', async () => {
    install(machine, packages);
    await until('the end of the first start', () => property('ActiveState') === 'failed');
    assert.equal(property('ExecMainStatus'), '78');
    assert.equal(property('NRestarts'), '0');
    assert.equal(property('UnitFileState'), 'enabled');
  });

  it('has no fault that systemd-analyze finds', () => {
    const { status, stdout, stderr } = machine.run('systemd-analyze', 'verify', '--man=no', UNIT);
    assert.deepEqual({ status, said: `${stdout}${stderr}` }, { status: 0, said: '' });
  });

  it('is exposed no more than a service that writes the whole system has to be', () => {
    const { status, stdout } = machine.run(
      'systemd-analyze',
      'security',
      `--threshold=${MAX_EXPOSURE}`,
      UNIT,
    );
    assert.equal(status, 0, stdout);
  });

  it('takes its limits from the resource package', () => {
    assert.equal(property('CPUWeight'), '100');
    assert.equal(property('MemoryHigh'), String(150 * 1024 * 1024));
  });

  it('becomes active when the daemon says that it is ready, and says what it does', async () => {
    await configure(machine, system, { deviceId: 'serviced', hardwareId: 'serviced-board' });
    dropIn('soon', 'RestartSec=200ms');
    machine.must('systemctl', 'restart', UNIT);
    await untilRunning();
    assert.equal(property('NRestarts'), '0');
    assert.notEqual(property('StatusText'), '');
    await until('the first poll', () =>
      machine.run('aktualizr-info').stdout.includes('Provisioned on server: yes'),
    );
  });

  it('opens the control socket to its group alone', () => {
    const found = machine.must('stat', '-c', '%F %a %U:%G', '/run/aktualizr/control.sock').trim();
    assert.equal(found, 'socket 660 root:aktualizr');
  });

  it('is on the system bus', () => {
    assert.match(machine.must('busctl', 'introspect', BUS_NAME, BUS_OBJECT), /\.Check\s+method/);
  });

  it('lets a person check while the daemon runs', () => {
    assert.match(machine.must('aktualizr', 'check'), /No update/);
  });

  it('reads its configuration again on reload, in the same process', async () => {
    const pid = await untilRunning();
    machine.must('systemctl', 'reload', UNIT);
    assert.equal(await untilRunning(), pid);
  });

  it('is started anew when it was killed, and goes on as the same device', async () => {
    const pid = await untilRunning();
    machine.must('systemctl', 'kill', '--kill-who=main', '--signal=KILL', UNIT);
    await untilRunning(pid);
    assert.equal(property('NRestarts'), '1');
    assert.match(machine.must('aktualizr-info'), /Device ID: serviced/);
  });

  it('is started anew when it hangs', async () => {
    dropIn('watchdog', 'WatchdogSec=2s', 'TimeoutAbortSec=1s');
    machine.must('systemctl', 'restart', UNIT);
    const pid = await untilRunning();
    await sleep(4000);
    assert.equal(property('MainPID'), pid, 'a living daemon feeds the watchdog');
    machine.must('systemctl', 'kill', '--kill-who=main', '--signal=STOP', UNIT);
    await untilRunning(pid);
    assert.notEqual(property('NRestarts'), '0');
  });

  it('runs in the small profile when /etc/default/aktualizr asks for it', async () => {
    machine.write('/etc/default/aktualizr', 'AKTUALIZR_NODE_FLAGS="--lite-mode --max-semi-space-size=1"\n');
    machine.must('systemctl', 'restart', UNIT);
    const pid = await untilRunning();
    assert.match(readFileSync(machine.path(`/proc/${pid}/cmdline`), 'utf8'), /--lite-mode/);
  });

  it('stops at once and without a fault, and loses its socket', () => {
    machine.must('systemctl', 'stop', UNIT);
    assert.equal(property('Result'), 'success');
    assert.ok(!machine.exists('/run/aktualizr/control.sock'));
  });

  it('goes with its package', () => {
    machine.must('systemctl', 'start', UNIT);
    machine.must('apt-get', 'purge', '-y', '-q', 'ota-connect-node', '~naktualizr');
    assert.equal(machine.run('systemctl', 'is-active', UNIT).stdout.trim(), 'inactive');
    assert.doesNotMatch(machine.must('systemctl', 'list-unit-files', '--no-pager'), /aktualizr/);
  });
});
