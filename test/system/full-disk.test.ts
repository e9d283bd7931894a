// A device whose disk is full says so, loses nothing, and updates when there is room again. The disk is a real one: a
// small tmpfs (root).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launchCampaign, makeImage } from '../../e2e/support/campaign.ts';
import { createDevice, startSystem, type System } from '../../e2e/support/system.ts';

const MEBI = 1024 * 1024;

function mustRun(command: string, ...args: string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stderr}`);
}

describe('a full disk', () => {
  let system: System;
  let disk: string;
  before(async () => {
    system = await startSystem();
    disk = path.join(system.folder, 'full-disk');
    mkdirSync(disk);
    mustRun('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk);
  });
  after(async () => {
    mustRun('umount', disk);
    await system.stop();
  });

  it('on the device refuses the download in one sentence and keeps the update for later', async () => {
    const device = await createDevice(system, 'full-disk');
    assert.equal((await device.aktualizr('check')).code, 0);
    await system.ota('group', 'create', '--name', 'full', '--expression', 'deviceid contains full-disk');
    const image = makeImage(system, 'too-big.bin', 4 * MEBI);
    await launchCampaign(system, { name: 'full', file: image, group: 'full' });
    const ballast = path.join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(5 * MEBI));
    const refused = await device.aktualizr('once');
    assert.ok(refused.code === 5 || refused.code === 74, `exit ${refused.code}: ${refused.stderr}`);
    assert.match(refused.stderr, /space/i);
    rmSync(ballast);
    const updated = await device.aktualizr('once');
    assert.equal(updated.code, 0, updated.stderr);
  });
});
