// The power is cut at every call of the storage, the gateway, a repository or the package manager during a full update;
// then the device starts again, as often as needed. The end is always the same.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultPoints, PowerCut } from '@ota-connect/testkit';
import { PRIMARY } from '@ota-connect/testkit';
import { openTestDevice, temporaryFolder, type TestDevice, type Wrapping } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const CONTENT = 'the new version';

describe('power cuts during an update', { timeout: 540_000 }, () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await openTestGateway();
    gateway.simulator.offer('app.bin', CONTENT);
    await gateway.simulator.publish();
  });
  after(async () => {
    await gateway.close();
  });

  for (const when of ['before', 'after'] as const) {
    it(`ends installed with one report, cut ${when} the work of each call [5.4.4-1]`, async () => {
      let at = 1;
      for (let cut = true; cut; at += 1) cut = await updateWithCut(gateway, at, when);
      assert.ok(at > 60, `only ${at} fault points were reached`);
    });
  }
});

/** Answers whether the call number `at` was reached. */
async function updateWithCut(gateway: TestGateway, at: number, when: 'before' | 'after'): Promise<boolean> {
  const folder = temporaryFolder();
  gateway.requests.length = 0;
  try {
    const faults = new FaultPoints({ at, when, kind: 'power cut' });
    const wasCut = await runUntilCut(
      await openTestDevice({ folder: folder.path, gateway, wrap: wrapping(faults) }),
    );
    const place = `call ${at} (${faults.calls.at(-1)})`;
    const device = await openTestDevice({ folder: folder.path, gateway });
    await update(device);
    // And once more: nothing is left to do or to tell.
    await device.aktualizr.checkUpdates();
    expectInstalled(device, place);
    device.close();
    expectOneReport(gateway, place);
    return wasCut;
  } finally {
    folder.remove();
  }
}

function wrapping(faults: FaultPoints): Wrapping {
  return {
    storage: (storage) => faults.wrap(storage, 'storage'),
    gateway: (port) => faults.wrap(port, 'gateway'),
    source: (source) => faults.wrap(source, 'source'),
    packageManager: (manager) => faults.wrap(manager, 'packageManager'),
  };
}

async function runUntilCut(device: TestDevice): Promise<boolean> {
  try {
    await update(device);
    return false;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    return true;
  } finally {
    device.close();
  }
}

async function update({ aktualizr }: TestDevice): Promise<void> {
  await aktualizr.initialize();
  await aktualizr.sendDeviceData();
  await aktualizr.uptaneCycle();
  await aktualizr.flushReports();
}

function expectInstalled({ storage, imagesPath }: TestDevice, place: string): void {
  const installed = storage.installations.current(PRIMARY.serial);
  assert.equal(installed?.name, 'app.bin', place);
  const file = join(imagesPath, (installed?.hashes.sha256 ?? '').toUpperCase());
  assert.equal(readFileSync(file, 'utf8'), CONTENT, place);
  assert.equal(storage.installations.results().device, undefined, place);
  assert.equal(storage.cycle.load().kind, 'Idle', place);
  assert.deepEqual(storage.reports.queued(10), [], place);
}

/** The server may see a report twice, when its answer was lost; never two different ones, never none. */
function expectOneReport({ requests }: TestGateway, place: string): void {
  const reports = requests
    .filter(({ path }) => path === '/director/manifest')
    .map(
      ({ text }) =>
        (JSON.parse(text) as { signed: { installation_report?: unknown } }).signed.installation_report,
    )
    .filter((report) => report !== undefined)
    .map((report) => JSON.stringify(report));
  assert.equal(new Set(reports).size, 1, place);
  assert.ok(reports.length <= 2, `${reports.length} reports: ${place}`);
  assert.match(reports[0] ?? '', /"code":"OK"/, place);
  const completed = requests
    .filter(({ path }) => path === '/events')
    .flatMap(({ text }) => JSON.parse(text) as { id: string; eventType: { id: string } }[])
    .filter(({ eventType }) => eventType.id === 'EcuInstallationCompleted');
  assert.equal(new Set(completed.map(({ id }) => id)).size, 1, place);
}
