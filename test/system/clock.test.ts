// A device whose system clock is wrong for the whole process, TLS included, against the real server: the Director
// attests the time, and whatever the clock said leaves nothing behind. docs/adr/0015-time.md
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { createDevice, finished, startSystem, type Device, type System } from '../../e2e/support/system.ts';

const AKTUALIZR = 'apps/aktualizr/bin/aktualizr.js';

describe('a device with a wrong clock', () => {
  let system: System;
  let device: Device;
  const checkAt = (time: string) =>
    finished(spawn('faketime', [time, process.execPath, AKTUALIZR, 'check', '--config', device.configDir]));

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

  it('that is far ahead is turned away and takes no harm from it [5.4.4-1]', async () => {
    const checked = await checkAt('2099-01-01 00:00:00');
    assert.notEqual(checked.code, 0);
    const later = await device.aktualizr('check');
    assert.equal(later.code, 0, later.stderr);
  });

  it('that is some weeks ahead, when all metadata have expired, verifies by the time that the Director attests [5.4-7]', async () => {
    const weeks = new Date(Date.now() + 200 * 86_400_000);
    const checked = await checkAt(weeks.toISOString().replace('T', ' ').slice(0, 19));
    assert.equal(checked.code, 0, checked.stderr);
  });
});
