// A device whose system clock is wrong for the whole process, TLS included: against the real server, and among
// certificates that hold today alone. The Director attests the time, and whatever the clock said leaves nothing behind.
// docs/adr/0015-time.md, docs/adr/0021-certificates-and-the-time.md
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { instantFromMs } from '@ota-connect/uptane';
import { deviceFolder, type Folder } from '../../apps/aktualizr/test/process.ts';
import { createDevice, finished, startSystem, type Device, type System } from '../../e2e/support/system.ts';
import { openTestGateway, type TestGateway } from '../../packages/libaktualizr/test/support/test-gateway.ts';

const AKTUALIZR = 'apps/aktualizr/bin/aktualizr.js';
const YEAR_MS = 365 * 86_400_000;

function at(time: string | number, ...args: readonly string[]) {
  const text = typeof time === 'string' ? time : new Date(time).toISOString().replace('T', ' ').slice(0, 19);
  return finished(spawn('faketime', [text, process.execPath, AKTUALIZR, ...args]));
}

describe('a device with a wrong clock', () => {
  let system: System;
  let device: Device;
  const checkAt = (time: string | number) => at(time, 'check', '--config', device.configDir);

  before(async () => {
    system = await startSystem();
    device = await createDevice(system, 'clock');
    assert.equal((await device.aktualizr('check')).code, 0);
  });
  after(() => system.stop());

  it('that stands at 1970 reaches the gateway, asks for the time and verifies [5.4-2]', async () => {
    const checked = await checkAt('1970-01-02 00:00:00');
    assert.equal(checked.code, 0, checked.stderr);
  });

  it('that is decades ahead asks for the time, verifies by it, and takes no harm from its clock [5.4.4-1]', async () => {
    const checked = await checkAt('2099-01-01 00:00:00');
    assert.equal(checked.code, 0, checked.stderr);
    const later = await device.aktualizr('check');
    assert.equal(later.code, 0, later.stderr);
  });

  it('that is some weeks ahead, when all metadata have expired, verifies by the time that the Director attests [5.4-7]', async () => {
    const checked = await checkAt(Date.now() + 200 * 86_400_000);
    assert.equal(checked.code, 0, checked.stderr);
  });
});

describe('a device among certificates that began last week and end the day after tomorrow', () => {
  let gateway: TestGateway;
  let folder: Folder;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  for (const [what, time] of [
    ['that stands at 1970', '1970-01-02 00:00:00'],
    ['that is ten years ahead', Date.now() + 10 * YEAR_MS],
  ] as const) {
    it(`updates with a clock ${what}, from its first contact on`, async () => {
      await gateway.simulator.attestTime(instantFromMs(Date.now()));
      gateway.simulator.offer('app.bin', 'the new version');
      await gateway.simulator.publish();
      const done = await at(time, 'once', '--config', folder.configFile);
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stdout, /Installed: app\.bin/);
    });
  }

  it('updates with a clock at 1970 where nobody attests the time', async () => {
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    const done = await at('1970-01-02 00:00:00', 'once', '--config', folder.configFile);
    assert.equal(done.code, 0, done.stderr);
  });

  it('is turned away with a clock ten years ahead where nobody attests the time, and takes no harm', async () => {
    assert.equal((await folder.run('check')).code, 0);
    const ahead = await at(Date.now() + 10 * YEAR_MS, 'check', '--config', folder.configFile);
    assert.notEqual(ahead.code, 0);
    assert.match(ahead.stderr, /has expired, or the clock of this device is wrong/);
    assert.equal((await folder.run('check')).code, 0);
  });
});
