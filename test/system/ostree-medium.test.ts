// A lockbox with an OSTree repository: the real aktualizr process pulls the commit from the medium into a real sysroot,
// with no network, and believes nothing that it finds there.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PRIMARY } from '@ota-connect/testkit';
import { jsonObject } from '@ota-connect/uptane';
import { reportsOf } from '../../packages/libaktualizr/test/support/requests.ts';
import { bootMachine } from './support/booted.ts';
import { openOstreeDevice, type OstreeDevice } from './support/ostree-device.ts';
import type { Version } from './support/ostree-tree.ts';

const NEEDS_REBOOT = 21;

describe('ostree from a medium', () => {
  let device: OstreeDevice;
  let stick: string;
  let second: Version;
  beforeEach(async () => {
    device = await openOstreeDevice();
    const { folder, world, gateway } = device;
    stick = join(folder.path, 'stick');
    const text = readFileSync(folder.configFile, 'utf8');
    writeFileSync(folder.configFile, text.replace('[uptane]', '[uptane]\nenable_offline_updates = true'));
    const { simulator } = gateway;
    const lockboxes = await simulator.signLockboxes();
    assert.equal((await folder.run('check')).code, 0);
    second = world.commit('two', { app: randomBytes(300_000) });
    const custom = jsonObject([
      ['hardwareIds', [PRIMARY.hardwareId]],
      ['targetFormat', 'OSTREE'],
    ]);
    const target = { name: second.name, lengthBytes: 0, hashes: { sha256: second.commit }, custom };
    simulator.image.targets.set(target.name, target);
    await simulator.image.publish();
    lockboxes.put('two', [target]);
    (await lockboxes.fill()).writeTo(stick);
    mkdirSync(join(stick, 'images'), { recursive: true });
    cpSync(world.server, join(stick, 'images/ostree'), { recursive: true });
  });
  afterEach(() => device.close());

  it('is pulled and deployed with no network, and reported after the reboot', async () => {
    const { folder, world, gateway, treehub } = device;
    const before = gateway.requests.length;
    const run = await folder.run('offline', stick);
    assert.equal(run.code, NEEDS_REBOOT, run.stderr);
    assert.deepEqual([gateway.requests.length, [...treehub.clients]], [before, []]);
    assert.deepEqual(world.deployments(), [second.commit, world.first.commit]);
    const checked = await bootMachine({ folder: folder.path }).aktualizr('check');
    assert.equal(checked.code, 0, checked.stderr);
    const [report] = reportsOf(gateway.requests);
    assert.match(String(report?.correlation_id), /^urn:tdx-ota:lockbox:two:1:/);
    assert.equal(report?.result?.success, true);
  });

  it('is refused when an object on the medium was changed', async () => {
    const { folder, world } = device;
    const objects = join(stick, 'images/ostree/objects');
    for (const part of readdirSync(objects)) {
      for (const name of readdirSync(join(objects, part)).filter((one) => one.endsWith('.filez'))) {
        const file = join(objects, part, name);
        const bytes = readFileSync(file);
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        writeFileSync(file, bytes);
      }
    }
    const run = await folder.run('offline', stick);
    assert.notEqual(run.code, NEEDS_REBOOT, run.stdout);
    assert.deepEqual(world.deployments(), [world.first.commit]);
  });

  it('waits for a medium that has the commit, and follows no link to another repository', async () => {
    const { folder, world } = device;
    const repository = join(stick, 'images/ostree');
    rmSync(repository, { recursive: true });
    const missing = await folder.run('offline', stick);
    assert.equal(missing.code, 5, missing.stderr);
    symlinkSync(world.server, repository);
    const linked = await folder.run('offline', stick);
    assert.equal(linked.code, 5, linked.stderr);
    assert.deepEqual(world.deployments(), [world.first.commit]);
    rmSync(repository);
    cpSync(world.server, repository, { recursive: true });
    assert.equal((await folder.run('offline', stick)).code, NEEDS_REBOOT);
  });
});
