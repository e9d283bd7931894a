// Lockboxes and the real process: on demand, from a path to one of them, and when a medium appears beside the daemon.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { reportsOf } from '../../../packages/libaktualizr/test/support/requests.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder } from './process.ts';

describe('offline', () => {
  let gateway: TestGateway;
  let folder: Folder;
  let stick: string;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
    stick = join(folder.path, 'media', 'stick');
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  function allow(): void {
    const text = readFileSync(folder.configFile, 'utf8');
    const settings = `[uptane]\nenable_offline_updates = true\noffline_updates_source = "${stick}"`;
    writeFileSync(folder.configFile, text.replace('[uptane]', settings));
  }

  /** A lockbox with an image for the Primary; answers how to write it. */
  async function lockbox(): Promise<() => void> {
    const { simulator } = gateway;
    const lockboxes = await simulator.signLockboxes();
    const content = new TextEncoder().encode('from a stick');
    const target = simulator.addImage({ name: 'spring.bin', content, hardwareIds: ['primary-hw'] });
    await simulator.image.publish();
    lockboxes.put('spring', [target]);
    const medium = await lockboxes.fill();
    return () => medium.writeTo(stick);
  }

  it('installs from a directory, and the next check brings the report', async () => {
    allow();
    const insert = await lockbox();
    assert.equal((await folder.run('check')).code, 0);
    insert();
    const before = gateway.requests.length;
    const { code, stdout, stderr } = await folder.run('offline', stick);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Update found: spring\.bin .* \[urn:tdx-ota:lockbox:spring:1:[0-9a-f]{12}\]/);
    assert.match(stdout, /Installed: spring\.bin/);
    assert.equal(gateway.requests.length, before);
    const again = await folder.run('offline', stick, '--json');
    assert.deepEqual(JSON.parse(again.stdout), { command: 'offline', outcome: 'nothing_new', exitCode: 0 });
    const named = await folder.run('offline', join(stick, 'metadata/director/spring.json'), '--json');
    assert.equal((JSON.parse(named.stdout) as { outcome: string }).outcome, 'nothing_new');
    await folder.run('check');
    assert.equal(reportsOf(gateway.requests).length, 1);
  });

  it('says that there is no lockbox, and that they are switched off', async () => {
    await folder.run('check');
    const off = await folder.run('offline', stick);
    assert.equal(off.code, 78, off.stderr);
    assert.match(off.stderr, /uptane\.enable_offline_updates/);
    allow();
    const none = await folder.run('offline', stick);
    assert.equal(none.code, 0, none.stderr);
    assert.match(none.stdout, /There is no lockbox for this device/);
  });

  it('is refused on a device that was never registered', async () => {
    allow();
    assert.equal((await folder.run('offline', stick)).code, 77);
  });

  it('updates when a medium appears beside the daemon, which reports at once', async () => {
    allow();
    const insert = await lockbox();
    assert.equal((await folder.run('check')).code, 0);
    const { child, ended } = await folder.start(['full'], /Waiting for lockboxes/);
    insert();
    while (reportsOf(gateway.requests).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.match(stdout, /Installed: spring\.bin/);
    assert.equal(reportsOf(gateway.requests).length, 1);
  });

  it('reports what a medium brought also where nobody polls', async () => {
    allow();
    const insert = await lockbox();
    assert.equal((await folder.run('check')).code, 0);
    const text = readFileSync(folder.configFile, 'utf8');
    writeFileSync(folder.configFile, text.replace('[uptane]', '[uptane]\nenable_online_updates = false'));
    insert();
    const { child, ended } = await folder.start(['full'], /Waiting for lockboxes/);
    while (reportsOf(gateway.requests).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    assert.match((await ended).stdout, /Polling is switched off[^]*Installed: spring\.bin/);
  });

  it('is carried out by the daemon, when one runs', async () => {
    allow();
    const insert = await lockbox();
    const { child, ended } = await folder.start(['full'], /Waiting for lockboxes/);
    while (gateway.requests.every(({ path }) => path !== '/repo/1.root.json'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const [source, elsewhere] = [stick, join(folder.path, 'elsewhere')];
    stick = elsewhere;
    insert();
    stick = source;
    const run = await folder.run('offline', elsewhere, '--json');
    assert.equal((JSON.parse(run.stdout) as { outcome: string }).outcome, 'installed', run.stderr);
    child.kill('SIGTERM');
    await ended;
  });
});
