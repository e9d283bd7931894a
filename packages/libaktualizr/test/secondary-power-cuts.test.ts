// The Primary loses its power at every call of a Secondary, and at calls of its own storage between them, during an update of
// the whole vehicle; then it starts again. The end is always the same: all ECUs updated, one report.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { FaultPoints, PowerCut, PRIMARY, SecondarySimulator } from '@ota-connect/testkit';
import type { Storage } from '../src/ports.ts';
import { reportsOf } from './support/requests.ts';
import { openTestDevice, temporaryFolder, type TestDevice } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const MOTOR = { serial: parseEcuSerial('sec-7'), hardwareId: parseHardwareId('motor-ctl') };
/** Of the storage, one call in so many; those of the Secondary, each. */
const STORAGE_STEP = 15;

describe('power cuts during an update of a vehicle with a Secondary', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await openTestGateway();
    gateway.simulator.offer('app.bin', 'the new version', [PRIMARY]);
    gateway.simulator.offer('motor.bin', 'the new motor', [MOTOR]);
    gateway.simulator.correlate('urn:here-ota:campaign:1');
    await gateway.simulator.publish();
  });
  after(() => gateway.close());

  it('ends with every ECU updated and one report, cut before or after the work of a call [5.4.4-1]', async () => {
    const calls = await callsOf(gateway);
    assert.ok(calls.filter((name) => name.startsWith('secondary')).length >= 8, calls.join());
    const places = calls.flatMap((name, index) =>
      name.startsWith('secondary') || index % STORAGE_STEP === 0 ? [index + 1] : [],
    );
    for (const at of places) {
      for (const when of ['before', 'after'] as const) await updateWithCut(gateway, { at, when });
    }
  });
});

type Cut = { readonly at: number; readonly when: 'before' | 'after' };

/** Of an update that nothing disturbs. */
async function callsOf(gateway: TestGateway): Promise<readonly string[]> {
  const folder = temporaryFolder();
  try {
    const faults = new FaultPoints();
    await runUntilCut(await open(gateway, folder.path, { faults, motor: await newMotor(gateway) }));
    return faults.calls;
  } finally {
    folder.remove();
  }
}

async function updateWithCut(gateway: TestGateway, { at, when }: Cut): Promise<void> {
  const folder = temporaryFolder();
  gateway.requests.length = 0;
  try {
    const faults = new FaultPoints({ at, when, kind: 'power cut' });
    const motor = await newMotor(gateway);
    await runUntilCut(await open(gateway, folder.path, { faults, motor }));
    const place = `cut ${when} call ${at} (${faults.calls.at(-1)})`;
    const device = await openTestDevice({ folder: folder.path, gateway, secondaries: [motor] });
    await update(device);
    await device.aktualizr.checkUpdates();
    const { installations } = device.storage;
    assert.equal(installations.current(PRIMARY.serial)?.name, 'app.bin', place);
    assert.equal(installations.current(MOTOR.serial)?.name, 'motor.bin', place);
    assert.equal(motor.installedName, 'motor.bin', place);
    assert.equal(installations.results().device, undefined, place);
    device.close();
    expectOneReport(gateway, place);
  } finally {
    folder.remove();
  }
}

/** The Primary and its Secondary lose their power together. */
function open(
  gateway: TestGateway,
  folder: string,
  { faults, motor }: { readonly faults: FaultPoints; readonly motor: SecondarySimulator },
): Promise<TestDevice> {
  const wrap = { storage: (storage: Storage) => faults.wrap(storage, 'storage') };
  return openTestDevice({ folder, gateway, wrap, secondaries: [portOf(faults, motor)] });
}

function newMotor({ simulator: factory }: TestGateway): Promise<SecondarySimulator> {
  const now = () => Math.floor(Date.now() / 1000) as typeof factory.now;
  return SecondarySimulator.create({ ecu: MOTOR, factory, now });
}

function expectOneReport({ requests }: TestGateway, place: string): void {
  const reports = reportsOf(requests).map((report) => JSON.stringify(report));
  assert.equal(new Set(reports).size, 1, `${reports.length} reports: ${place}`);
  assert.match(reports[0] ?? '', /"code":"OK","description":"Device/, place);
}

/** What the Primary has of it in its hands. */
function portOf(faults: FaultPoints, motor: SecondarySimulator) {
  return {
    identity: motor.identity,
    ...faults.wrap(
      {
        ping: motor.ping.bind(motor),
        manifest: motor.manifest.bind(motor),
        rootVersion: motor.rootVersion.bind(motor),
        putRoot: motor.putRoot.bind(motor),
        putMetadata: motor.putMetadata.bind(motor),
        sendImage: motor.sendImage.bind(motor),
        install: motor.install.bind(motor),
      },
      'secondary',
    ),
  };
}

async function runUntilCut(device: TestDevice): Promise<void> {
  try {
    await update(device);
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  } finally {
    device.close();
  }
}

async function update({ aktualizr }: TestDevice): Promise<void> {
  await aktualizr.initialize();
  await aktualizr.uptaneCycle();
  await aktualizr.flushReports();
}
