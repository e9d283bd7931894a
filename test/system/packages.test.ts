// The Debian packages on a bare Debian: installed with apt, they provision the device and update it from our server; an
// upgrade keeps its state; removed they leave identity and configuration, purged nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launchCampaign } from '../../e2e/support/campaign.ts';
import { startSystem, type System } from '../../e2e/support/system.ts';
import { DebianMachine } from './support/debian-machine.ts';
import { builtPackages, configure, install, type BuiltPackages } from './support/packages.ts';

const CACHES = '/usr/lib/ota-connect/device';
const OWN = /aktualizr|sota|ota-connect|otaconnect/;

let system: System;
let machine: DebianMachine;
let packages: BuiltPackages;

before(async () => {
  packages = await builtPackages('1.0.0');
  [system, machine] = await Promise.all([startSystem(), DebianMachine.open('folder')]);
});

after(async () => {
  await machine.close();
  await system.stop();
  packages.remove();
});

/** What the machine has of ours, logs and dpkg's own lists apart. */
function traces(): readonly string[] {
  const all = machine.must('find', '/etc', '/usr', '/var', '/lib', '/run', '/opt', '-xdev');
  return all
    .split('\n')
    .filter(
      (file) => OWN.test(file) && !/^\/var\/(?:log|cache|lib\/(?:apt|dpkg\/info\/.*\.list$))/.test(file),
    );
}

function info(): Record<string, unknown> {
  return JSON.parse(machine.must('aktualizr-info', '--json')) as Record<string, unknown>;
}

function versionsOf(name: string): string {
  return machine.must('dpkg-query', '-W', '-f', '${Version} ${db:Status-Status}', name);
}

describe('Debian packages', () => {
  it('are the same bytes when they are built again', async () => {
    const again = await builtPackages('1.0.0');
    const sums = ({ folder }: BuiltPackages) =>
      readdirSync(folder).map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(path.join(folder, file)))
          .digest('hex'),
      ]);
    assert.deepEqual(sums(again), sums(packages));
    again.remove();
  });

  it('install with apt and bring commands, manual pages and code that is compiled for this processor', () => {
    install(machine, packages);
    assert.match(machine.must('aktualizr', '--version'), /^\d+\.\d+\.\d+/);
    assert.match(machine.must('aktualizr-info', '--version'), /^\d+\.\d+\.\d+/);
    assert.match(machine.must('aktualizr', '--help'), /--config/);
    assert.ok(readdirSync(machine.path(CACHES)).includes('parts.js.cache'));
    assert.ok(machine.exists('/usr/share/man/man1/aktualizr.1.gz'));
    assert.equal(machine.must('stat', '-c', '%a %U', '/var/sota').trim(), '700 root');
    assert.match(machine.must('getent', 'group', 'aktualizr'), /^aktualizr:/);
    assert.equal(machine.must('systemctl', 'is-enabled', 'aktualizr.service').trim(), 'enabled');
  });

  it('answer with the configuration code while nobody has told them a server', () => {
    assert.equal(machine.run('aktualizr', 'check').status, 78);
  });

  it('ship samples that have no key which the client does not know', () => {
    for (const sample of ['shared-cred', 'device-cred', 'device-cred-hsm', 'uboot-env']) {
      const { stderr } = machine.run(
        'aktualizr',
        '--check-config',
        '--config',
        `/usr/lib/sota/sota-${sample}.toml`,
      );
      assert.doesNotMatch(stderr, /unknown|no key|no section|did you mean/i, sample);
    }
  });

  it('take a whole update from our server', async () => {
    await configure(machine, system, { deviceId: 'packaged', hardwareId: 'packaged-board' });
    machine.must('aktualizr', '--check-config');
    machine.must('aktualizr', 'check');
    const file = path.join(system.folder, 'firmware.bin');
    writeFileSync(file, 'the next version');
    await system.ota('group', 'create', '--name', 'packaged', '--device', 'packaged');
    await launchCampaign(system, { name: 'packaged', file, group: 'packaged', hardwareId: 'packaged-board' });
    machine.must('aktualizr', 'once');
    const told = machine.must('aktualizr-info');
    assert.match(told, /packaged/);
    assert.match(told, new RegExp(createHash('sha256').update('the next version').digest('hex')));
  });

  it('keep identity, installed version and changed settings over an upgrade', async () => {
    const before = info();
    const settings = machine.path('/etc/default/aktualizr');
    writeFileSync(settings, `${readFileSync(settings, 'utf8')}\n# mine\n`);
    const newer = await builtPackages('1.0.1');
    install(machine, newer);
    newer.remove();
    assert.equal(versionsOf('aktualizr'), '1.0.1 installed');
    assert.equal(versionsOf('ota-connect-node'), '1.0.1 installed');
    assert.deepEqual(info(), before);
    assert.match(readFileSync(settings, 'utf8'), /# mine/);
    machine.must('aktualizr', 'check');
    const files = readdirSync(machine.path(CACHES));
    const orphans = files.filter((name) => name.endsWith('.cache') && !files.includes(name.slice(0, -6)));
    assert.deepEqual(orphans, []);
  });

  it('leave the identity and the configuration when they are removed', () => {
    machine.must('apt-get', 'remove', '-y', '-q', 'ota-connect-node', 'aktualizr-configs');
    assert.ok(!machine.exists('/usr/bin/aktualizr') && !machine.exists('/usr/lib/ota-connect'));
    assert.ok(machine.exists('/var/sota/sql.db') && machine.exists('/etc/sota/conf.d/20-sota.toml'));
    assert.ok(machine.exists('/etc/default/aktualizr'));
  });

  it('leave nothing but the configuration that a person wrote when they are purged', () => {
    machine.must('apt-get', 'purge', '-y', '-q', 'ota-connect-node', '~naktualizr');
    machine.must('rm', '-r', '/tmp/debs');
    assert.deepEqual(traces(), ['/etc/sota', '/etc/sota/conf.d', '/etc/sota/conf.d/20-sota.toml']);
    assert.equal(machine.run('getent', 'group', 'aktualizr').status, 2);
  });
});
