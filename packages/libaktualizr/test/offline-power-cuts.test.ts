// The power is cut at every call of the storage or the package manager during an update from a medium; then the device
// starts again with the medium still there. The end is always the same, and is reported once.
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FaultPoints, PowerCut, PRIMARY } from '@ota-connect/testkit';
import { reportsOf } from './support/requests.ts';
import { openTestDevice, temporaryFolder, type Wrapping } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const CONTENT = 'from a stick';

describe('power cuts during an update from a medium', { timeout: 240_000 }, () => {
  const stick = temporaryFolder();
  const registered = temporaryFolder();
  let gateway: TestGateway;
  before(async () => {
    gateway = await openTestGateway();
    const { simulator } = gateway;
    const lockboxes = await simulator.signLockboxes();
    const content = new TextEncoder().encode(CONTENT);
    const target = simulator.addImage({ name: 'app.bin', content, hardwareIds: [PRIMARY.hardwareId] });
    await simulator.image.publish();
    lockboxes.put('spring', [target]);
    (await lockboxes.fill()).writeTo(stick.path);
    const device = await openTestDevice({ folder: registered.path, gateway, takesMedia: true });
    await device.aktualizr.initialize();
    await device.aktualizr.checkUpdates();
    device.close();
  });
  after(async () => {
    await gateway.close();
    stick.remove();
    registered.remove();
  });

  /** Answers whether the call number `at` was reached. */
  async function updateWithCut(at: number): Promise<boolean> {
    const folder = temporaryFolder();
    cpSync(registered.path, folder.path, { recursive: true });
    gateway.requests.length = 0;
    try {
      const faults = new FaultPoints({ at, when: 'after', kind: 'power cut' });
      const wasCut = await runUntilCut(folder.path, faults);
      const device = await openTestDevice({ folder: folder.path, gateway, takesMedia: true });
      await device.aktualizr.initialize();
      await device.aktualizr.uptaneCycleOffline(stick.path);
      await device.aktualizr.checkUpdates();
      const place = `call ${at} (${faults.calls.at(-1)})`;
      const installed = device.storage.installations.current(PRIMARY.serial);
      assert.equal(installed?.name, 'app.bin', place);
      const file = join(device.imagesPath, (installed?.hashes.sha256 ?? '').toUpperCase());
      assert.equal(readFileSync(file, 'utf8'), CONTENT, place);
      assert.equal(device.storage.cycle.load().kind, 'Idle', place);
      device.close();
      const reports = reportsOf(gateway.requests);
      assert.equal(reports.length, 1, place);
      assert.equal(reports[0]?.result?.success, true, place);
      return wasCut;
    } finally {
      folder.remove();
    }
  }

  async function runUntilCut(folder: string, faults: FaultPoints): Promise<boolean> {
    const wrap: Wrapping = {
      storage: (storage) => faults.wrap(storage, 'storage'),
      packageManager: (manager) => faults.wrap(manager, 'packageManager'),
    };
    const device = await openTestDevice({ folder, gateway, wrap, takesMedia: true });
    try {
      await device.aktualizr.initialize();
      await device.aktualizr.uptaneCycleOffline(stick.path);
      return false;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      return true;
    } finally {
      device.close();
    }
  }

  it('ends installed with one report, cut after each call', async () => {
    let at = 1;
    for (let cut = true; cut; at += 1) cut = await updateWithCut(at);
    assert.ok(at > 60, `only ${at} fault points were reached`);
  });
});
