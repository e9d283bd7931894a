// The package manager ostree: the real aktualizr process, real libostree in a sysroot, pulled over mutual TLS from a
// static folder (root: deployments are made immutable, namespaces stand in for boots).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Run } from '../../apps/aktualizr/test/process.ts';
import { eventNames, manifestsOf, reportsOf } from '../../packages/libaktualizr/test/support/requests.ts';
import { bootDeployment, bootMachine, type Booted } from './support/booted.ts';
import { openOstreeDevice, type OstreeDevice } from './support/ostree-device.ts';
import { KERNEL_ARGUMENTS } from './support/ostree-tree.ts';

const NEEDS_REBOOT = 21;
/** What the original asks a treehub for (golden H01). */
const KINDS = [
  /^GET \/config$/,
  /^GET \/summary\.sig$/,
  /^GET \/summary$/,
  /^GET \/deltas\/..\/[\w+]{41}\/superblock$/,
  /^GET \/objects\/..\/[0-9a-f]{62}\.commitmeta$/,
  /^GET \/objects\/..\/[0-9a-f]{62}\.commit$/,
  /^GET \/objects\/..\/[0-9a-f]{62}\.dirtree$/,
  /^GET \/objects\/..\/[0-9a-f]{62}\.filez$/,
];

function installedOf(device: OstreeDevice): unknown {
  return manifestsOf(device.gateway.requests).at(-1)?.ecu_version_manifests['primary-1']?.signed
    .installed_image;
}

function ends(run: Run, code: number, device?: OstreeDevice): void {
  const reports = device === undefined ? '' : JSON.stringify(reportsOf(device.gateway.requests));
  assert.equal(run.code, code, `${run.stdout}${run.stderr}${reports}`);
}

describe('package manager ostree', () => {
  let device: OstreeDevice;
  beforeEach(async () => {
    device = await openOstreeDevice();
  });
  afterEach(() => device.close());

  it('pulls over mutual TLS, deploys, and is complete after the reboot, as the original reports it', async () => {
    const { world, treehub, folder, gateway } = device;
    const second = world.commit('two', { app: randomBytes(300_000) });
    await device.offer(second);
    ends(await folder.run('once'), NEEDS_REBOOT);
    assert.deepEqual(installedOf(device), {
      fileinfo: { hashes: { sha256: world.first.commit }, length: 0 },
      filepath: 'unknown',
    });
    assert.deepEqual([...treehub.clients], ['device-1']);
    const kinds = new Set(
      treehub.requests.map((request) => KINDS.find((kind) => kind.test(request)) ?? request),
    );
    assert.deepEqual(kinds, new Set(KINDS));
    assert.deepEqual(world.deployments(), [second.commit, world.first.commit]);
    for (const argument of KERNEL_ARGUMENTS) assert.ok(world.kernelArguments().split(' ').includes(argument));
    assert.deepEqual(reportsOf(gateway.requests), []);
    const booted = bootMachine({ folder: folder.path });
    ends(await booted.aktualizr('check'), 0);
    const [report, ...more] = reportsOf(gateway.requests);
    assert.deepEqual(more, []);
    assert.deepEqual(report?.items, [
      {
        ecu: 'primary-1',
        result: { code: 'OK', description: 'Successfully booted on new version', success: true },
      },
    ]);
    assert.deepEqual(installedOf(device), {
      fileinfo: { hashes: { sha256: second.commit }, length: 0 },
      filepath: second.name,
    });
    assert.deepEqual(eventNames(gateway.requests), [
      'EcuDownloadStarted',
      'EcuDownloadCompleted true',
      'EcuInstallationStarted',
      'EcuInstallationApplied',
      'EcuInstallationCompleted true',
    ]);
    const asked = treehub.requests.length;
    ends(await booted.aktualizr('once'), 0);
    assert.equal(treehub.requests.length, asked);
  });

  it('knows what is booted, and reports a version that did not come up', async () => {
    const { world, folder, gateway } = device;
    device.configure({ sysroot: '', os: '' });
    const boot = (index: number): Booted =>
      bootDeployment({ folder: folder.path }, world.sysroot, world.directoryOf(index));
    const second = world.commit('two');
    await device.offer(second);
    const first = boot(0);
    ends(await first.aktualizr('once'), NEEDS_REBOOT, device);
    assert.deepEqual(world.deployments(), [second.commit, world.first.commit]);
    const next = boot(0);
    ends(await next.aktualizr('check'), 0);
    assert.equal(reportsOf(gateway.requests).at(-1)?.items[0]?.result.code, 'OK');
    const third = world.commit('three');
    await device.offer(third);
    ends(await next.aktualizr('once'), NEEDS_REBOOT);
    // The bootloader falls back.
    const back = boot(world.deployments().indexOf(second.commit));
    await back.aktualizr('check');
    const report = reportsOf(gateway.requests).at(-1);
    assert.deepEqual(report?.items[0]?.result, {
      code: 'INSTALL_FAILED',
      description: 'Wrong version booted',
      success: false,
    });
    assert.equal(world.deployments()[0], second.commit);
  });

  it('deploys with the capabilities that the unit of systemd leaves it', async () => {
    const { world, folder } = device;
    device.configure({ sysroot: '', os: '' });
    await device.offer(world.commit('two'));
    const unit = readFileSync(new URL('../../packaging/systemd/aktualizr.service', import.meta.url), 'utf8');
    const taken = [...unit.matchAll(/^CapabilityBoundingSet=~(.*)$/gm)].flatMap(([, names = '']) =>
      names.split(' ').map((name) => `-${name.replace('CAP_', '').toLowerCase()}`),
    );
    assert.ok(taken.length > 5, String(taken));
    const booted = bootDeployment({ folder: folder.path }, world.sysroot, world.directoryOf(0));
    const bounded = ['setpriv', '--bounding-set', taken.join(','), ...booted.words('once')];
    // Process 1 has all of them.
    ends(await booted.run('/usr/bin/sh', '-c', '"$@"; exit $?', 'sh', ...bounded), NEEDS_REBOOT, device);
  });

  it('returns to the version before, when the new one is not healthy', async () => {
    const { world, folder, gateway } = device;
    device.configure({ sysroot: '', os: '' }, '[health]\ncommand = "exit 1"\ngrace_sec = 0\n');
    const boot = (): Booted => bootDeployment({ folder: folder.path }, world.sysroot, world.directoryOf(0));
    const second = world.commit('two', {}, '--add-metadata-string=oe.kargs-default=two');
    await device.offer(second);
    ends(await boot().aktualizr('once'), NEEDS_REBOOT, device);
    assert.match(world.kernelArguments(), /^two /);
    ends(await boot().aktualizr('once'), NEEDS_REBOOT, device);
    assert.equal(world.deployments()[0], world.first.commit);
    ends(await boot().aktualizr('check'), 0);
    const { result } = reportsOf(gateway.requests).at(-1)?.items[0] ?? {};
    assert.match(JSON.stringify(result), /INSTALL_FAILED.*was not healthy/);
    assert.deepEqual(installedOf(device), {
      fileinfo: { hashes: { sha256: world.first.commit }, length: 0 },
      filepath: 'unknown',
    });
    assert.match(world.kernelArguments(), new RegExp(`^${KERNEL_ARGUMENTS.join(' ')} ostree=`));
  });
});
