// The package manager rauc: the real aktualizr process and the real RAUC, its service on a private bus, with slots that are
// files and a bootloader that is a script (root: RAUC mounts bundles through a loop device).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PRIMARY } from '@ota-connect/testkit';
import { deviceFolder, type Folder, type Run } from '../../apps/aktualizr/test/process.ts';
import { manifestsOf, reportsOf } from '../../packages/libaktualizr/test/support/requests.ts';
import { openTestGateway, type TestGateway } from '../../packages/libaktualizr/test/support/test-gateway.ts';
import { bootMachine, type Booted } from './support/booted.ts';
import { openRaucWorld, type Bundle, type RaucWorld } from './support/rauc-world.ts';

const NEEDS_REBOOT = 21;
const INSTALL_FAILED = 4;
const IMAGE_BYTES = 100_000;

describe('package manager rauc', () => {
  let gateway: TestGateway;
  let folder: Folder;
  let world: RaucWorld;
  let configuration: string;
  const busAddress = process.env.DBUS_SYSTEM_BUS_ADDRESS;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
    world = await openRaucWorld(folder.path);
    process.env.DBUS_SYSTEM_BUS_ADDRESS = world.busAddress;
    configuration = readFileSync(folder.configFile, 'utf8');
    configure();
  });
  afterEach(async () => {
    if (busAddress === undefined) delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
    else process.env.DBUS_SYSTEM_BUS_ADDRESS = busAddress;
    await world.close();
    await gateway.close();
    folder.remove();
  });

  function configure(command = 'rauc', more = ''): void {
    const session = `[bootloader]\nreboot_sentinel_dir = "${join(folder.path, 'session')}"\n`;
    const type = `type = "rauc"\nrauc_command = "${command}"`;
    writeFileSync(folder.configFile, `${configuration.replace('type = "none"', type)}\n${session}${more}`);
  }

  async function offer(name: string, { content }: Bundle): Promise<void> {
    const { simulator } = gateway;
    const target = simulator.addImage({ name, content, hardwareIds: [PRIMARY.hardwareId] });
    simulator.director.targets.clear();
    simulator.assign(target);
    simulator.correlate(`urn:here-ota:campaign:${name}`);
    await simulator.publish();
  }

  function ends(run: Run, code: number): void {
    assert.equal(run.code, code, `${run.stdout}${run.stderr}${JSON.stringify(reportsOf(gateway.requests))}`);
  }

  /** The machine after a reboot into the bootloader's choice, or into another slot. */
  async function reboot(slot?: 'A' | 'B'): Promise<Booted> {
    await world.boot(slot);
    return bootMachine({ folder: folder.path });
  }

  function lastResult(): unknown {
    return reportsOf(gateway.requests).at(-1)?.items[0]?.result;
  }

  function installedName(): unknown {
    const { installed_image: image } =
      manifestsOf(gateway.requests).at(-1)?.ecu_version_manifests[PRIMARY.serial]?.signed ?? {};
    return typeof image === 'object' && image !== null && 'filepath' in image ? image.filepath : undefined;
  }

  it('installs a bundle into the other slot, which is good once it runs', async () => {
    const image = randomBytes(IMAGE_BYTES);
    await offer('two.raucb', world.bundle('two', image));
    ends(await folder.run('once'), NEEDS_REBOOT);
    assert.deepEqual(world.slot('B').subarray(0, IMAGE_BYTES), image);
    assert.equal(world.primary(), 'B');
    assert.equal(world.state('B'), 'bad');
    const booted = await reboot();
    ends(await booted.aktualizr('check'), 0);
    assert.deepEqual(lastResult(), {
      code: 'OK',
      description: 'Successfully booted on new version',
      success: true,
    });
    assert.equal(world.state('B'), 'good');
    assert.equal(installedName(), 'two.raucb');
    await offer('three.raucb', world.bundle('three', randomBytes(IMAGE_BYTES)));
    ends(await booted.aktualizr('once'), NEEDS_REBOOT);
    assert.equal(world.primary(), 'A');
  });

  it('reports a version that did not come up, and makes the slot that runs the next again', async () => {
    await offer('two.raucb', world.bundle('two', randomBytes(IMAGE_BYTES)));
    ends(await folder.run('once'), NEEDS_REBOOT);
    const booted = await reboot('A');
    await booted.aktualizr('check');
    assert.deepEqual(lastResult(), {
      code: 'INSTALL_FAILED',
      description: 'Wrong version booted',
      success: false,
    });
    assert.equal(world.primary(), 'A');
    assert.equal(installedName(), 'unknown');
  });

  it('returns to the version before, when the new one is not healthy, and never calls it good', async () => {
    configure('rauc', '[health]\ncommand = "exit 1"\ngrace_sec = 0\n');
    await offer('two.raucb', world.bundle('two', randomBytes(IMAGE_BYTES)));
    ends(await folder.run('once'), NEEDS_REBOOT);
    const trial = await reboot();
    ends(await trial.aktualizr('once'), NEEDS_REBOOT);
    assert.equal(world.primary(), 'A');
    assert.equal(world.state('B'), 'bad');
    const back = await reboot();
    ends(await back.aktualizr('check'), 0);
    assert.match(JSON.stringify(lastResult()), /INSTALL_FAILED.*was not healthy/);
    assert.equal(world.state('B'), 'bad');
    assert.equal(installedName(), 'unknown');
  });

  it('fails in the words of RAUC, when RAUC does not take what Uptane does', async () => {
    const image = randomBytes(IMAGE_BYTES);
    await offer('foreign.raucb', world.bundle('foreign', image, { isForeign: true }));
    ends(await folder.run('once'), INSTALL_FAILED);
    assert.match(JSON.stringify(lastResult()), /rauc install failed: .*signature verification failed/);
    await offer('other.raucb', world.bundle('other', image, { compatible: 'other-board' }));
    ends(await folder.run('once'), INSTALL_FAILED);
    assert.match(JSON.stringify(lastResult()), /rauc install failed: .*ompatible/);
    assert.equal(world.primary(), 'A');
  });

  it('fails by name without the service, and still says what it runs', async () => {
    await world.stopService();
    await offer('two.raucb', world.bundle('two', randomBytes(IMAGE_BYTES)));
    ends(await folder.run('once'), INSTALL_FAILED);
    assert.match(JSON.stringify(lastResult()), /rauc status failed: /);
    assert.equal(installedName(), 'unknown');
  });

  it('is complete after a kill before, in and after the work of RAUC', async () => {
    const image = randomBytes(IMAGE_BYTES);
    await offer('two.raucb', world.bundle('two', image));
    for (const [when, line] of [
      ['before', 'kill -KILL $PPID; exit 1'],
      ['after', 'rauc "$@"; kill -KILL $PPID; exit 1'],
    ] as const) {
      const wrapper = join(folder.path, `rauc-${when}`);
      writeFileSync(wrapper, `#!/bin/sh\ncase "$1" in install) ${line};; esac\nexec rauc "$@"\n`);
      chmodSync(wrapper, 0o755);
      configure(wrapper);
      assert.equal((await folder.run('once')).code, null);
    }
    configure();
    // The power came back in the slot that was written, before anybody had noted that it was complete.
    const booted = await reboot();
    ends(await booted.aktualizr('once'), 0);
    assert.equal((lastResult() as { readonly success: boolean }).success, true);
    assert.equal(reportsOf(gateway.requests).length, 1);
    assert.equal(world.primary(), 'B');
    assert.deepEqual(world.slot('B').subarray(0, IMAGE_BYTES), image);
    ends(await booted.aktualizr('check'), 0);
    assert.equal(installedName(), 'two.raucb');
  });
});
