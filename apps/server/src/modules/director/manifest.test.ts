import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  createSigner,
  ecuVersionReport,
  generateKeyPair,
  parseStrictJson,
  signEnvelope,
} from '@ota-connect/uptane';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import type { Answer } from '../../../test/device.ts';
import { createOnlineVehicle, createVehicle, type Vehicle } from '../../../test/vehicle.ts';
import { assign, installedImage, softwareTarget, statusOf, updatesOf, uuidOf } from './test/assign.ts';

const CAMPAIGN = 'urn:here-ota:campaign:0190a8b0-0000-7000-8000-000000000001';
const OK = { success: true, code: 'OK', description: '' };
const failed = (code: string): typeof OK => ({ success: false, code, description: `because of ${code}` });
const refusal = (answer: Answer): [number, unknown] => [answer.status, answer.json()['code']];

let server: ScratchServer;
before(async () => {
  server = await startScratchServer();
});
after(() => server.dispose());

async function installedOf(vehicle: Vehicle): Promise<(string | undefined)[]> {
  const uuid = await uuidOf(server, vehicle.deviceId);
  const shown = (await (await server.api('GET', `/devices/${uuid}`)).json()) as {
    ecus: { installed?: { filename: string } }[];
  };
  return shown.ecus.map((ecu) => ecu.installed?.filename);
}

/** A vehicle that has fetched an update of its gateway (and its motor, when it has one). */
async function createUpdating(
  deviceId: string,
  hardwareIds: readonly string[] = ['gateway'],
): Promise<Vehicle> {
  const vehicle = await createOnlineVehicle(server, deviceId, hardwareIds);
  const targets = hardwareIds.map((hardwareId) => softwareTarget(hardwareId, `${hardwareId}-2`));
  assert.equal(await assign(server, vehicle, { correlationId: CAMPAIGN, targets }), 'assigned');
  await vehicle.fetchTargets();
  return vehicle;
}

describe('manifest: whom the Director believes', () => {
  it('takes a manifest of the registered keys and shows what is installed [5.3.2-1, 5.3.2.1-2]', async () => {
    const vehicle = await createVehicle(server, 'honest', ['gateway', 'motor']);
    await vehicle.register();
    assert.deepEqual(await installedOf(vehicle), [undefined, undefined]);
    vehicle.primary.installed = installedImage('gateway-1');
    assert.equal((await vehicle.putManifest()).status, 200);
    assert.deepEqual(await installedOf(vehicle), ['gateway-1', 'unknown']);
  });

  it('ignores key ids: the registered key decides', async () => {
    const vehicle = await createOnlineVehicle(server, 'key-ids');
    const { signatures, signed } = (await vehicle.manifest()) as { signatures: object[]; signed: object };
    const body = { signatures: signatures.map((signature) => ({ ...signature, keyid: 'other' })), signed };
    assert.equal((await vehicle.device.send('PUT', '/director/manifest', { body })).status, 200);
  });

  it('tolerates a report counter that repeats or goes back', async () => {
    const vehicle = await createOnlineVehicle(server, 'counter');
    for (const counter of [7, 7, 1]) assert.equal((await vehicle.putManifest({ counter })).status, 200);
  });

  it('takes a manifest without an unreachable Secondary, not one without the Primary [5.3.2.1-5]', async () => {
    const vehicle = await createOnlineVehicle(server, 'absent', ['gateway', 'motor']);
    const [primary, motor] = vehicle.ecus.map((ecu) => ecu.serial);
    assert.equal((await vehicle.putManifest({ without: [motor ?? ''] })).status, 200);
    assert.deepEqual(refusal(await vehicle.putManifest({ without: [primary ?? ''] })), [
      400,
      'manifest_refused',
    ]);
  });

  it('refuses a device that has registered nothing [5.3.2.1-2]', async () => {
    const vehicle = await createVehicle(server, 'stranger');
    assert.deepEqual(refusal(await vehicle.putManifest()), [404, 'device_missing_primary_ecu']);
  });

  it('refuses a manifest signed by another key, or by a Secondary [5.3.2.1-6]', async () => {
    const vehicle = await createOnlineVehicle(server, 'forged', ['gateway', 'motor']);
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const signers = [createSigner(publicKey, privateKey), vehicle.ecus[1]?.signer ?? vehicle.primary.signer];
    for (const signer of signers) {
      assert.deepEqual(refusal(await vehicle.putManifest({ signer })), [400, 'signature_not_valid']);
    }
  });

  it('refuses the key that a registration has replaced [5.3.2.1-6]', async () => {
    const vehicle = await createOnlineVehicle(server, 'rekeyed');
    const old = vehicle.primary.signer;
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    Object.assign(vehicle.primary, { publicKey, signer: createSigner(publicKey, privateKey) });
    await vehicle.register();
    assert.deepEqual(refusal(await vehicle.putManifest({ signer: old })), [400, 'signature_not_valid']);
    assert.deepEqual(await installedOf(vehicle), ['unknown'], 'what the ECU runs stays known');
    assert.equal((await vehicle.putManifest()).status, 200);
  });

  it('refuses reports that were swapped between two ECUs [5.3.2.1-7]', async () => {
    const vehicle = await createOnlineVehicle(server, 'swapped', ['gateway', 'motor']);
    const answer = await vehicle.putManifest({
      forge(reports) {
        const [[a, reportOfA], [b, reportOfB]] = [...reports] as [[string, never], [string, never]];
        reports.set(a, reportOfB).set(b, reportOfA);
      },
    });
    assert.deepEqual(refusal(answer), [400, 'manifest_refused']);
  });

  it('refuses a report of one ECU that another one signed [5.3.2.1-7]', async () => {
    const vehicle = await createOnlineVehicle(server, 'signed-by-other', ['gateway', 'motor']);
    const motor = vehicle.ecus[1];
    assert.ok(motor);
    const version = { ecuSerial: motor.serial, installed: installedImage('motor-9'), attacksDetected: '' };
    const forged = parseStrictJson(await signEnvelope(ecuVersionReport(version), [vehicle.primary.signer]));
    const answer = await vehicle.putManifest({ forge: (reports) => reports.set(motor.serial, forged) });
    assert.deepEqual(refusal(answer), [400, 'signature_not_valid']);
    assert.deepEqual(await installedOf(vehicle), ['unknown', 'unknown']);
  });

  it('refuses the manifest of another device [5.3.2.1-1]', async () => {
    const mine = await createOnlineVehicle(server, 'mine');
    const other = await createOnlineVehicle(server, 'other');
    const answer = await mine.device.send('PUT', '/director/manifest', { body: await other.manifest() });
    assert.deepEqual(refusal(answer), [400, 'ecu_not_primary']);
    const posing = await other.putManifest({ primarySerial: mine.primary.serial });
    assert.deepEqual(refusal(posing), [400, 'ecu_not_primary']);
  });

  it('refuses an ECU that is not registered [5.3.2.1-3, 5.3.2.1-4]', async () => {
    const vehicle = await createOnlineVehicle(server, 'smuggler');
    const other = await createOnlineVehicle(server, 'lender');
    const report = ((await other.manifest()) as { signed: { ecu_version_manifests: Record<string, never> } })
      .signed.ecu_version_manifests[other.primary.serial];
    assert.ok(report);
    const answer = await vehicle.putManifest({
      forge: (reports) => reports.set(other.primary.serial, report),
    });
    assert.deepEqual(refusal(answer), [400, 'manifest_refused']);
  });

  it('refuses bodies that are no manifest [5.3.2.1-4]', async () => {
    const vehicle = await createOnlineVehicle(server, 'garbage');
    for (const body of [[], {}, { signatures: [], signed: {} }, 'text']) {
      assert.deepEqual(refusal(await vehicle.device.send('PUT', '/director/manifest', { body })), [
        400,
        'manifest_refused',
      ]);
    }
  });

  it('does not read what the Primary has not signed [5.3.2.1-6]', async () => {
    const vehicle = await createOnlineVehicle(server, 'unread');
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const broken = (reports: Map<string, unknown>): unknown => reports.set(vehicle.primary.serial, 7);
    const forged = await vehicle.putManifest({ signer: createSigner(publicKey, privateKey), forge: broken });
    assert.deepEqual(refusal(forged), [400, 'signature_not_valid']);
    assert.deepEqual(refusal(await vehicle.putManifest({ forge: broken })), [400, 'manifest_refused']);
  });

  it('reads no more reports than there are registered ECUs [5.3.2.1-3]', async () => {
    const vehicle = await createOnlineVehicle(server, 'crowded');
    const answer = await vehicle.putManifest({ forge: (reports) => reports.set('sec-1', 7) });
    assert.deepEqual(refusal(answer), [400, 'manifest_refused']);
    assert.match(String(answer.json()['description']), /more than 1 reports/);
  });

  it('refuses a manifest of more bytes than its registered ECUs can need', async () => {
    const vehicle = await createOnlineVehicle(server, 'talkative');
    const report = { correlationId: CAMPAIGN, result: OK };
    const sized = (bytes: number) => ({ ...report, result: { ...OK, description: 'x'.repeat(bytes) } });
    assert.equal((await vehicle.putManifest({ report: sized(500 * 1024) })).status, 200);
    const answer = await vehicle.putManifest({ report: sized(530 * 1024) });
    assert.deepEqual(refusal(answer), [400, 'manifest_refused']);
    assert.match(String(answer.json()['description']), /too many for 1 registered/);
  });
});

describe('manifest: what it ends', () => {
  it('completes the assignment of the ECU that shows its target', async () => {
    const vehicle = await createUpdating('success');
    assert.equal(await statusOf(server, vehicle), 'UpdatePending');
    vehicle.primary.installed = installedImage('gateway-2');
    await vehicle.putManifest({
      report: { correlationId: CAMPAIGN, result: OK, items: [{ ecu: vehicle.primary.serial, result: OK }] },
    });
    assert.deepEqual(await updatesOf(server, vehicle), ['success-ecu-0 gateway-2 completed OK']);
    assert.equal(await statusOf(server, vehicle), 'UpToDate');
    assert.deepEqual((await vehicle.fetchTargets()).targets, {});
  });

  it('fails the update that the device could not install', async () => {
    const vehicle = await createUpdating('failure', ['gateway', 'motor']);
    const motor = vehicle.ecus[1]?.serial ?? '';
    vehicle.primary.installed = installedImage('gateway-2');
    const report = {
      correlationId: CAMPAIGN,
      result: failed('motor:INSTALL_FAILED'),
      items: [
        { ecu: vehicle.primary.serial, result: OK },
        { ecu: motor, result: failed('INSTALL_FAILED') },
      ],
    };
    for (let time = 0; time < 2; time += 1) assert.equal((await vehicle.putManifest({ report })).status, 200);
    assert.deepEqual(await updatesOf(server, vehicle), [
      'failure-ecu-0 gateway-2 completed OK',
      'failure-ecu-1 motor-2 failed INSTALL_FAILED',
    ]);
    assert.equal(await statusOf(server, vehicle), 'Error');
  });

  it('goes on after a report before the reboot (defect 16)', async () => {
    const vehicle = await createUpdating('reboot');
    const report = { correlationId: CAMPAIGN, result: failed('NEED_COMPLETION') };
    await vehicle.putManifest({ report });
    assert.deepEqual(await updatesOf(server, vehicle), ['reboot-ecu-0 gateway-2 in_flight']);
    vehicle.primary.installed = installedImage('gateway-2');
    await vehicle.putManifest({ report: { correlationId: CAMPAIGN, result: OK } });
    assert.deepEqual(await updatesOf(server, vehicle), ['reboot-ecu-0 gateway-2 completed OK']);
  });

  it('has no effect without an assignment', async () => {
    const vehicle = await createOnlineVehicle(server, 'unasked');
    vehicle.primary.installed = installedImage('by-hand');
    const answer = await vehicle.putManifest({ report: { correlationId: CAMPAIGN, result: OK } });
    assert.equal(answer.status, 200);
    assert.deepEqual(await updatesOf(server, vehicle), []);
    assert.equal(await statusOf(server, vehicle), 'UpToDate');
  });

  it('takes a failure without correlation id, and ends nothing by it (traps 26 and 28)', async () => {
    const vehicle = await createOnlineVehicle(server, 'trap-26');
    await assign(server, vehicle, {
      correlationId: CAMPAIGN,
      targets: [softwareTarget('gateway', 'gateway-2')],
    });
    for (const correlationId of ['', CAMPAIGN]) {
      const report = { correlationId, result: failed('INTERNAL_ERROR') };
      assert.equal((await vehicle.putManifest({ report })).status, 200);
    }
    assert.deepEqual(await updatesOf(server, vehicle), ['trap-26-ecu-0 gateway-2 assigned']);
  });

  it('cancels an update that the device reports done while it runs something else', async () => {
    const vehicle = await createUpdating('elsewhere');
    vehicle.primary.installed = installedImage('by-hand');
    await vehicle.putManifest({ report: { correlationId: CAMPAIGN, result: OK } });
    assert.deepEqual(await updatesOf(server, vehicle), [
      'elsewhere-ecu-0 gateway-2 cancelled OPERATION_CANCELLED',
    ]);
    assert.equal(await statusOf(server, vehicle), 'UpToDate');
  });
});
