// An installation that waits for a reboot, left by one client and completed by the other; and the file and the flag by which
// the original's client, and whoever watches the file, learn of it. client-protocol 11.3.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PRIMARY } from '@ota-connect/testkit';
import { onMachine } from './support/machine-stage.ts';
import { manifestsOf, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import type { TestDevice } from './support/test-device.ts';

describe('an installation that waits for a reboot', () => {
  const stage = setStage();

  const rows = (device: TestDevice) => {
    const { flag } = read(device, 'SELECT coalesce(max(flag), 0) AS flag FROM need_reboot');
    const pending = read(device, 'SELECT count(*) AS n FROM installed_versions WHERE is_pending = 1').n;
    return { flag, pending };
  };

  function read(device: TestDevice, sql: string): Record<string, unknown> {
    const db = new DatabaseSync(databaseOf(device), { readOnly: true });
    const row = db.prepare(sql).get() ?? {};
    db.close();
    return row;
  }

  function databaseOf({ imagesPath }: TestDevice): string {
    return join(imagesPath, '..', 'storage', 'sql.db');
  }

  /** Nothing of ours is left but what the original keeps as well. */
  function forgetOurState(device: TestDevice): void {
    stage.close(device);
    const db = new DatabaseSync(databaseOf(device));
    db.exec('DELETE FROM ota_connect_cycle');
    db.close();
  }

  it('is shown as the original shows it: row, flag and file, until it is completed', async () => {
    await stage.offer();
    const { machine, open, reboot } = onMachine(stage, { checks: false });
    const first = await open();
    assert.deepEqual(rows(first), { flag: 0, pending: 0 });
    await first.aktualizr.uptaneCycle();
    assert.deepEqual({ ...rows(first), file: machine.hasSentinel }, { flag: 1, pending: 1, file: true });
    const second = await reboot(first);
    assert.deepEqual({ ...rows(second), file: machine.hasSentinel }, { flag: 0, pending: 0, file: false });
  });

  it('shows the file again, when somebody removed it before the reboot', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { checks: false });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    stage.close(first);
    machine.hasSentinel = false;
    await open();
    assert.equal(machine.hasSentinel, true);
  });

  it('of the original is completed by us after the reboot', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { checks: false });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    forgetOurState(first);
    machine.reboot();
    const second = await open();
    await second.aktualizr.uptaneCycle();
    const [report, ...more] = reportsOf(stage.gateway.requests);
    assert.deepEqual(more, []);
    assert.equal(report?.result.code, 'OK');
    assert.equal(report?.correlation_id, 'urn:here-ota:campaign:app.bin');
    assert.equal(second.storage.installations.current(PRIMARY.serial)?.name, 'app.bin');
    assert.deepEqual(rows(second), { flag: 0, pending: 0 });
  });

  it('of the original waits on, while there was no reboot', async () => {
    await stage.offer();
    const { open } = onMachine(stage, { checks: false });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    forgetOurState(first);
    const second = await open();
    assert.equal((await second.aktualizr.uptaneCycle()).check.kind, 'pending');
    assert.equal(second.aktualizr.needsReboot(), true);
  });

  it('of the original that did not come up is reported as such', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { checks: false });
    machine.dead.add('app.bin');
    const first = await open();
    await first.aktualizr.uptaneCycle();
    forgetOurState(first);
    machine.reboot();
    const second = await open();
    await second.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /INSTALL_FAILED/);
  });

  it('that the original completed meanwhile is not completed twice', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { checks: false });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    stage.close(first);
    machine.reboot();
    const db = new DatabaseSync(databaseOf(first));
    db.exec(`UPDATE installed_versions SET is_pending = 0, is_current = 1, was_installed = 1 WHERE is_pending = 1;
      UPDATE need_reboot SET flag = 0`);
    db.close();
    machine.calls.length = 0;
    const second = await open();
    assert.equal((await second.aktualizr.uptaneCycle()).check.kind, 'nothing_new');
    assert.ok(!machine.calls.includes('finalize'));
    assert.deepEqual(reportsOf(stage.gateway.requests), []);
  });

  it('on probation is one that the original would complete: row and flag, and no file', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once' });
    machine.sick.add('app.bin');
    const device = await open();
    await device.aktualizr.uptaneCycle();
    assert.equal(device.storage.cycle.load().kind, 'Probation');
    assert.deepEqual({ ...rows(device), file: machine.hasSentinel }, { flag: 1, pending: 1, file: false });
  });

  describe('that nobody makes for hours', () => {
    const HOURS = 2 * 3_600_000;

    it('keeps the device within reach of the server, and is not made anew (W-03)', async () => {
      await stage.offer();
      let late = 0;
      const { machine, open } = onMachine(stage, { checks: false });
      const device = await open({ now: () => Date.now() + late });
      await device.aktualizr.uptaneCycle();
      stage.gateway.requests.length = 0;
      assert.equal((await device.aktualizr.uptaneCycle()).check.kind, 'pending');
      assert.deepEqual(stage.gateway.requests, []);
      late = HOURS;
      machine.calls.length = 0;
      assert.equal((await device.aktualizr.uptaneCycle()).check.kind, 'pending');
      assert.equal(manifestsOf(stage.gateway.requests).length, 1);
      assert.deepEqual(machine.calls, []);
      stage.gateway.faultOf = () => ({ kind: 'drop' });
      assert.equal((await device.aktualizr.checkUpdates()).kind, 'pending');
    });

    it('gives way to an update that replaces it, which is reported', async () => {
      await stage.offer();
      let late = 0;
      const { machine, open, reboot } = onMachine(stage, { checks: false });
      const device = await open({ now: () => Date.now() + late });
      await device.aktualizr.uptaneCycle();
      stage.gateway.simulator.director.targets.clear();
      await stage.offer('fix.bin', 'the fix');
      late = HOURS;
      const { install } = await device.aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'needs_completion');
      const rebooted = await reboot(device);
      await rebooted.aktualizr.uptaneCycle();
      assert.equal(machine.running, 'fix.bin');
      assert.deepEqual(
        reportsOf(stage.gateway.requests).map(({ correlation_id: id, result }) => `${id} ${result.code}`),
        [
          `urn:here-ota:campaign:app.bin ${PRIMARY.hardwareId}:OPERATION_CANCELLED`,
          'urn:here-ota:campaign:fix.bin OK',
        ],
      );
    });
  });

  it('of `none` is completed when its file goes, which stands for a reboot', async () => {
    await stage.offer();
    const { machine } = onMachine(stage);
    const ports = () => ({ sentinel: machine.sentinel });
    const first = await stage.open({ needsReboot: true, wrap: { ports } });
    assert.equal((await first.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    stage.close(first);
    const same = await stage.open({ needsReboot: true, wrap: { ports } });
    assert.equal((await same.aktualizr.uptaneCycle()).check.kind, 'pending');
    stage.close(same);
    machine.hasSentinel = false;
    const second = await stage.open({ needsReboot: true, wrap: { ports } });
    await second.aktualizr.uptaneCycle();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
  });
});
