import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PRIMARY } from '@ota-connect/testkit';
import type { PackageManager } from '../src/ports.ts';
import { GRACE_MS, onMachine } from './support/machine-stage.ts';
import { eventNames, manifestsOf, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import type { DeviceOptions, TestDevice } from './support/test-device.ts';

const FAILED = `${PRIMARY.hardwareId}:INSTALL_FAILED`;

describe('health check after an installation', () => {
  const stage = setStage();
  const installed = ({ storage }: TestDevice) => storage.installations.current(PRIMARY.serial)?.name;

  it('calls a version good that is healthy, and only then', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    const device = await open();
    machine.calls.length = 0;
    const { install } = await device.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'installed');
    assert.deepEqual(machine.calls, ['installing', 'install', 'health of app.bin', 'good']);
    assert.equal(machine.isTrying, false);
    assert.equal(installed(device), 'app.bin');
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
  });

  it('waits for a version that becomes healthy within the grace period', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    machine.sick.add('app.bin');
    const device = await open();
    let looks = 0;
    machine.health.isGood = async () => {
      machine.uptimeMs += 4000;
      looks += 1;
      return { good: looks === 3, detail: 'starting' };
    };
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(looks, 3);
    assert.ok(device.log.some((line) => /not yet healthy: starting/.test(line)));
  });

  it('goes back from a version that is not healthy at the end of the grace period, and says why [5.4.3.6-1]', async () => {
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    const device = await open();
    await stage.offer('good.bin', 'good');
    await device.aktualizr.uptaneCycle();
    stage.gateway.simulator.director.targets.clear();
    await stage.offer();
    machine.sick.add('app.bin');
    advanceWith(machine);
    const { install, reported } = await device.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'failed');
    assert.equal(reported, true);
    assert.equal(machine.running, 'good.bin');
    assert.equal(installed(device), 'good.bin');
    assert.equal(machine.isTrying, false);
    const report = reportsOf(stage.gateway.requests).at(-1);
    assert.equal(report?.result.code, FAILED);
    assert.match(JSON.stringify(report), /The new version was not healthy: app\.bin is sick/);
    assert.equal((await device.aktualizr.uptaneCycle()).check.kind, 'blocked');
    stage.gateway.simulator.correlate('urn:here-ota:campaign:retry');
    await stage.gateway.simulator.publish();
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'updates');
  });

  it('sends no manifest and checks nothing during the probation, and events go on', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.sick.add('app.bin');
    const first = await open();
    assert.equal((await first.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    const device = await reboot(first);
    stage.gateway.requests.length = 0;
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'on_probation');
    assert.equal((await device.aktualizr.download()).kind, 'on_probation');
    assert.deepEqual(manifestsOf(stage.gateway.requests), []);
    assert.equal(device.storage.cycle.load().kind, 'Probation');
    assert.equal(machine.isTrying, true);
    assert.equal(installed(device), undefined);
  });

  it('goes back by a reboot where the package manager needs one', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.sick.add('app.bin');
    const first = await open();
    await first.aktualizr.uptaneCycle();
    assert.equal(machine.hasSentinel, true);
    const second = await reboot(first);
    assert.equal(machine.running, 'app.bin');
    advanceWith(machine);
    const { check } = await second.aktualizr.uptaneCycle();
    assert.deepEqual(check.kind === 'pending' && check.rollsBack, true);
    assert.equal(machine.hasSentinel, true);
    assert.equal(second.aktualizr.needsReboot(), true);
    assert.deepEqual(await second.aktualizr.completeInstallation(), { kind: 'rebooting' });
    const third = await reboot(second);
    assert.equal(machine.running, undefined);
    await third.aktualizr.uptaneCycle();
    assert.equal(third.aktualizr.needsReboot(), false);
    assert.equal(third.storage.reboot.isNeeded(), false);
    const [report, ...more] = reportsOf(stage.gateway.requests);
    assert.deepEqual(more, []);
    assert.equal(report?.result.code, FAILED);
    assert.ok(eventNames(stage.gateway.requests).includes('EcuInstallationCompleted false'));
  });

  it('does not extend the grace period for a version that reboots again and again', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.sick.add('app.bin');
    let device = await open();
    await device.aktualizr.uptaneCycle();
    for (let boot = 1; boot <= 3; boot += 1) {
      device = await reboot(device);
      assert.equal((await device.aktualizr.checkUpdates()).kind, 'on_probation', `boot ${boot}`);
    }
    device = await reboot(device);
    assert.equal(device.aktualizr.status().state.kind, 'AwaitingRollback');
    device = await reboot(device);
    assert.equal(machine.running, undefined);
    await device.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /not found healthy in 3 boots/);
  });

  it('adds up the time that ran over reboots', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.sick.add('app.bin');
    const first = await open();
    await first.aktualizr.uptaneCycle();
    const second = await reboot(first);
    machine.uptimeMs += GRACE_MS - 1000;
    await second.aktualizr.checkUpdates();
    const third = await reboot(second);
    machine.uptimeMs += 900;
    assert.equal((await third.aktualizr.checkUpdates()).kind, 'on_probation');
    machine.uptimeMs += 100;
    const { kind } = await third.aktualizr.checkUpdates();
    assert.equal(kind, 'pending');
  });

  it('reports a fall-back of the bootloader during the probation', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.dead.add('app.bin');
    const first = await open();
    await first.aktualizr.uptaneCycle();
    const device = await reboot(first);
    assert.equal(machine.running, undefined);
    await device.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /bootloader went back/);
    assert.equal((await device.aktualizr.uptaneCycle()).check.kind, 'blocked');
  });

  it('says that the new version stays, when there is no way back', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    machine.sick.add('app.bin');
    advanceWith(machine);
    const device = await open({
      wrap: {
        packageManager: (files) => {
          const manager: PackageManager = machine.packageManager(files);
          delete manager.rollback;
          return manager;
        },
      },
    });
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'failed');
    assert.equal(installed(device), 'app.bin');
    const [report] = reportsOf(stage.gateway.requests);
    assert.match(JSON.stringify(report), /app\.bin is sick; the package manager simulated knows no way back/);
  });

  it('goes back from a version that has cut the device off, by the daemon with no network at all', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    machine.sick.add('app.bin');
    const first = await open();
    await first.aktualizr.uptaneCycle();
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    let device = await reboot(first);
    advanceWith(machine);
    const run = () =>
      device.aktualizr.runForever({
        clock: { now: () => Date.now(), sleep: () => Promise.reject(new Error('the daemon went to sleep')) },
        polling: () => ({
          isOnline: true,
          pollingMs: 1000,
          jitterPercent: 0,
          maxBackoffMs: 1000,
          manifestMaxAgeMs: 0,
        }),
        signal: new AbortController().signal,
        onCycle: () => undefined,
        onError: (error) => assert.fail(String(error)),
        endWhenRebootNeeded: () => true,
      });
    assert.equal(await run(), 'reboot_needed');
    device = await reboot(device);
    assert.equal(machine.running, undefined);
    stage.gateway.faultOf = () => undefined;
    await device.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /app\.bin is sick/);
  });

  it('gives a way back up that is interrupted again and again', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    machine.sick.add('app.bin');
    advanceWith(machine);
    const crash = new Error('crash');
    const device = await open({
      wrap: {
        packageManager: (files) => ({
          ...machine.packageManager(files),
          rollback: () => Promise.reject(crash),
        }),
      },
    });
    for (let run = 0; run < 3; run += 1) await assert.rejects(device.aktualizr.uptaneCycle(), crash);
    await device.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /way back was interrupted 3 times/);
    assert.equal(installed(device), 'app.bin');
  });

  it('ends an installation that never completes after ten boots (W-03)', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage);
    const more: Partial<DeviceOptions> = {
      wrap: {
        packageManager: (files) => {
          const manager = machine.packageManager(files);
          return { ...manager, finalize: manager.install };
        },
      },
    };
    machine.dead.add('app.bin');
    machine.bootloader.rolledBack = async () => false;
    let device = await open(more);
    await device.aktualizr.uptaneCycle();
    for (let boot = 1; boot <= 10; boot += 1) {
      device = await reboot(device, more);
      assert.equal(device.aktualizr.status().state.kind, 'AwaitingReboot', `boot ${boot}`);
      assert.equal(machine.hasSentinel, true);
    }
    device = await reboot(device, more);
    await device.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /Not complete after 10 boots/);
  });

  it('leaves a device without a health check as the original is', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage, { checks: false });
    machine.sick.add('app.bin');
    const device = await reboot(await updated(await open()));
    await device.aktualizr.uptaneCycle();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
    assert.deepEqual(machine.calls, ['good', 'installing', 'install', 'finalize', 'good']);
  });

  async function updated(device: TestDevice): Promise<TestDevice> {
    await device.aktualizr.uptaneCycle();
    return device;
  }

  /** Each look takes a while of the machine's time. */
  function advanceWith(machine: ReturnType<typeof onMachine>['machine']): void {
    const { isGood } = machine.health;
    machine.health.isGood = () => {
      machine.uptimeMs += GRACE_MS / 4;
      return isGood();
    };
  }
});
