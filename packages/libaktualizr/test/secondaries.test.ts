// A vehicle of a Primary and two plugged-in Secondaries, simulated with keys and verification of their own: updates as a
// whole, refusals of one ECU, silent ones, and those that are not done at once.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseCorrelationId, parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { PRIMARY, SecondarySimulator } from '@ota-connect/testkit';
import { askKey, MAX_ASKS } from '../src/steps/attempts.ts';
import type { DeviceOptions, TestDevice } from './support/test-device.ts';
import { CONTENT, setStage } from './support/stage.ts';
import { imagesIn, manifestsOf, reportsOf } from './support/requests.ts';

const MOTOR = { serial: parseEcuSerial('sec-7'), hardwareId: parseHardwareId('motor-ctl') };
const DOOR = { serial: parseEcuSerial('sec-8'), hardwareId: parseHardwareId('door-ctl') };
const IMAGES = { [PRIMARY.serial]: 'app.bin', [MOTOR.serial]: 'motor.bin', [DOOR.serial]: 'door.bin' };

describe('update of a whole vehicle', () => {
  const stage = setStage();

  async function openVehicle(
    options: Partial<DeviceOptions> & { readonly needsReboot?: boolean; readonly motorWaits?: boolean } = {},
  ) {
    const factory = stage.gateway.simulator;
    const now = () => Math.floor(Date.now() / 1000) as typeof factory.now;
    const { motorWaits = false, ...rest } = options;
    const motor = await SecondarySimulator.create({ ecu: MOTOR, factory, now, needsReboot: motorWaits });
    const door = await SecondarySimulator.create({ ecu: DOOR, factory, now, verification: 'partial' });
    const device = await stage.open({ secondaries: [motor, door], ...rest });
    return { ...device, device, motor, door };
  }

  async function offerAll(ecus: readonly (typeof MOTOR)[] = [PRIMARY, MOTOR, DOOR]): Promise<void> {
    for (const ecu of ecus)
      stage.gateway.simulator.offer(IMAGES[ecu.serial] ?? '', CONTENT + ecu.serial, [ecu]);
    stage.gateway.simulator.correlate('urn:here-ota:campaign:1');
    await stage.gateway.simulator.publish();
  }

  const manifests = () => manifestsOf(stage.gateway.requests);
  const lastReport = () => manifests().at(-1)?.installation_report?.report;

  function runs({ storage }: Pick<TestDevice, 'storage'>): readonly (string | undefined)[] {
    return [PRIMARY, MOTOR, DOOR].map(({ serial }) => storage.installations.current(serial)?.name);
  }

  it('installs on every ECU and reports each of them, with one report for the device [5.4.2.4-1, 5.4.2.7-1]', async () => {
    const vehicle = await openVehicle();
    await offerAll();
    const { install } = await vehicle.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'installed');
    assert.deepEqual(runs(vehicle), ['app.bin', 'motor.bin', 'door.bin']);
    assert.deepEqual([vehicle.motor.installedName, vehicle.door.installedName], ['motor.bin', 'door.bin']);
    const report = lastReport();
    assert.equal(report?.result.code, 'OK');
    assert.deepEqual(
      report?.items.map(({ ecu, result }) => [ecu, result.code]),
      [
        [PRIMARY.serial, 'OK'],
        [MOTOR.serial, 'OK'],
        [DOOR.serial, 'OK'],
      ],
    );
    assert.deepEqual([...imagesIn(manifests().at(-1)).values()], ['app.bin', 'motor.bin', 'door.bin']);
    assert.equal((await vehicle.aktualizr.uptaneCycle()).check.kind, 'nothing_new');
  });

  it('sends metadata to all, then images to all, before anything is installed anywhere [5.4.2-1]', async () => {
    const { aktualizr, motor, door } = await openVehicle();
    await offerAll();
    const order: string[] = [];
    aktualizr.on('InstallStarted', ({ ecu }) => order.push(`install ${ecu}`));
    for (const one of [motor, door]) {
      const putMetadata = one.putMetadata.bind(one);
      const sendImage = one.sendImage.bind(one);
      one.putMetadata = async (files, signal) => {
        order.push('metadata');
        return putMetadata(files, signal);
      };
      one.sendImage = async (target, image, signal) => {
        order.push('image');
        return sendImage(target, image, signal);
      };
    }
    await aktualizr.uptaneCycle();
    assert.deepEqual(order, [
      'metadata',
      'metadata',
      'image',
      'image',
      `install ${PRIMARY.serial}`,
      `install ${MOTOR.serial}`,
      `install ${DOOR.serial}`,
    ]);
  });

  it('sends each Secondary what it verifies, delegated Targets too, and nothing else [5.4.2.6-1, 5.4.2.6-2]', async () => {
    const { aktualizr, motor, door } = await openVehicle();
    const { simulator } = stage.gateway;
    const delegation = await simulator.delegate('motors', ['motor.bin']);
    await simulator.delegate('others', ['other.bin']);
    const content = new TextEncoder().encode(CONTENT);
    const image = { name: 'motor.bin', content, hardwareIds: [MOTOR.hardwareId] };
    simulator.assign(simulator.addDelegatedImage(delegation, image), [MOTOR]);
    await offerAll([DOOR]);
    const sent = new Map<string, readonly string[]>();
    for (const one of [motor, door]) {
      const putMetadata = one.putMetadata.bind(one);
      one.putMetadata = async (files, signal) => {
        const names = files.map(({ repository, role }) => `${repository} ${JSON.stringify(role)}`);
        sent.set(one.identity.serial, names);
        return putMetadata(files, signal);
      };
    }
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(sent.get(DOOR.serial), ['director "root"', 'director "targets"']);
    assert.deepEqual(sent.get(MOTOR.serial), [
      'director "root"',
      'director "targets"',
      'image "root"',
      'image "timestamp"',
      'image "snapshot"',
      'image "targets"',
      'image {"delegation":"motors"}',
    ]);
  });

  it('passes nothing on that it would not take itself any more [5.4-5]', async () => {
    let now = Date.now();
    const { aktualizr, motor, door } = await openVehicle({ now: () => now });
    await offerAll();
    await aktualizr.checkUpdates();
    await aktualizr.download();
    now += 40 * 24 * 3_600_000;
    assert.equal((await aktualizr.install()).kind, 'refused');
    assert.deepEqual(
      [...motor.calls, ...door.calls].filter((call) => call !== 'manifest'),
      [],
    );
  });

  it('updates a Secondary alone, when the Director names that one alone', async () => {
    const vehicle = await openVehicle();
    await offerAll([MOTOR]);
    assert.equal((await vehicle.aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(runs(vehicle), [undefined, 'motor.bin', undefined]);
    assert.deepEqual(
      vehicle.door.calls.filter((call) => call !== 'manifest'),
      [],
    );
  });

  it('brings a Secondary that missed three Roots up to the newest', async () => {
    const { aktualizr, motor } = await openVehicle();
    for (const _ of [2, 3, 4]) await stage.gateway.simulator.director.publishRoot();
    await offerAll([MOTOR]);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(motor.calls.filter((call) => call === 'putRoot').length, 2);
    assert.equal(await motor.rootVersion('director', new AbortController().signal), 4);
  });

  for (const [step, words] of [
    [
      'ping',
      { description: 'Unreachable Secondary', raw: 'Secondaries were not available', code: 'INTERNAL_ERROR' },
    ],
    [
      'putMetadata',
      {
        description: 'Sending metadata to one or more ECUs failed',
        raw: 'Sending metadata to one or more ECUs failed',
        code: 'VERIFICATION_FAILED',
      },
    ],
    [
      'sendImage',
      {
        description: 'Installation failed on one or more ECUs',
        raw: 'Secondary download failed',
        code: 'DOWNLOAD_FAILED',
      },
    ],
  ] as const) {
    it(`installs nothing anywhere and reports who failed, when one Secondary fails at ${step}`, async () => {
      const vehicle = await openVehicle();
      await offerAll();
      vehicle.motor.faults.set(step, { success: false, code: words.code, description: 'the fault' });
      const { install } = await vehicle.aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'failed');
      assert.deepEqual(runs(vehicle), [undefined, undefined, undefined]);
      assert.equal(vehicle.door.installedName, 'noimage');
      const report = lastReport();
      assert.equal(report?.result.code, `motor-ctl:${words.code}`);
      assert.equal(report?.result.description, words.description);
      assert.equal(report?.raw_report, words.raw);
      assert.deepEqual(
        report?.items.map(({ ecu }) => ecu),
        [MOTOR.serial],
      );
      assert.equal((await vehicle.aktualizr.uptaneCycle()).check.kind, 'blocked');
    });
  }

  it('reports the ECUs that are updated and the one that failed at its installation', async () => {
    const vehicle = await openVehicle();
    await offerAll();
    vehicle.motor.faults.set('install', { success: false, code: 'INSTALL_FAILED', description: 'bad flash' });
    assert.equal((await vehicle.aktualizr.uptaneCycle()).install?.kind, 'failed');
    assert.deepEqual(runs(vehicle), ['app.bin', undefined, 'door.bin']);
    const report = lastReport();
    assert.equal(report?.result.code, 'motor-ctl:INSTALL_FAILED');
    assert.deepEqual(
      report?.items.map(({ ecu, result }) => [ecu, result.code, result.description]),
      [
        [PRIMARY.serial, 'OK', 'Installing package was successful'],
        [MOTOR.serial, 'INSTALL_FAILED', 'bad flash'],
        [DOOR.serial, 'OK', ''],
      ],
    );
  });

  it('counts a driver that throws as the failure of its ECU alone', async () => {
    const vehicle = await openVehicle();
    await offerAll();
    vehicle.motor.faults.set('install', new TypeError('x is not a function'));
    assert.equal((await vehicle.aktualizr.uptaneCycle()).install?.kind, 'failed');
    assert.deepEqual(runs(vehicle), ['app.bin', undefined, 'door.bin']);
    assert.equal(lastReport()?.result.code, 'motor-ctl:INTERNAL_ERROR');
  });

  it('waits for a Secondary that is away, says so, and goes on when it is back', async () => {
    const { aktualizr, motor } = await openVehicle({ secondaryWaitMs: 600_000 });
    await offerAll();
    motor.faults.set('ping', 'unreachable');
    const awaited: string[] = [];
    aktualizr.on('SecondariesAwaited', ({ ecus }) => {
      awaited.push(...ecus);
      motor.faults.delete('ping');
    });
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(awaited, [MOTOR.serial]);
  });

  it('ends the wait for a Secondary with the signal of the verb, and tries again with the next', async () => {
    const vehicle = await openVehicle({ secondaryWaitMs: 600_000 });
    const { aktualizr, motor } = vehicle;
    await offerAll();
    motor.faults.set('ping', 'unreachable');
    const stop = new AbortController();
    aktualizr.on('SecondariesAwaited', () => stop.abort(new Error('enough')));
    await assert.rejects(aktualizr.uptaneCycle({ signal: stop.signal }), /enough/);
    assert.equal(lastReport(), undefined);
    motor.faults.delete('ping');
    assert.equal((await aktualizr.install()).kind, 'installed');
  });

  it('is pending until the report of a Secondary names the new image, and tells the server meanwhile [5.4.2.1.1-1]', async () => {
    const vehicle = await openVehicle({ motorWaits: true });
    const { aktualizr, motor } = vehicle;
    await offerAll();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    assert.deepEqual(runs(vehicle), ['app.bin', undefined, 'door.bin']);
    stage.gateway.requests.length = 0;
    assert.equal((await aktualizr.uptaneCycle()).check.kind, 'pending');
    assert.equal(manifests().length, 1);
    assert.equal(lastReport(), undefined);
    motor.reboot();
    assert.equal((await aktualizr.uptaneCycle()).check.kind, 'nothing_new');
    assert.deepEqual(runs(vehicle), ['app.bin', 'motor.bin', 'door.bin']);
    const [report] = reportsOf(stage.gateway.requests);
    assert.equal(report?.result.code, 'OK');
    assert.equal(report?.items.length, 3);
  });

  it('gives a Secondary up that was asked for a day and does not run the new version, and takes the next update', async () => {
    let now = Date.now();
    const vehicle = await openVehicle({ motorWaits: true, now: () => now });
    await offerAll();
    await vehicle.aktualizr.uptaneCycle();
    assert.equal((await vehicle.aktualizr.checkUpdates()).kind, 'pending');
    const image = stage.gateway.simulator.director.targets.get('motor.bin');
    const key = askKey(image?.hashes ?? {}, MOTOR.serial);
    const id = parseCorrelationId('urn:here-ota:campaign:1');
    while (vehicle.storage.cycle.countAttempt(key, id) < MAX_ASKS);
    assert.equal((await vehicle.aktualizr.checkUpdates()).kind, 'pending');
    now += 24 * 3_600_000;
    assert.notEqual((await vehicle.aktualizr.checkUpdates()).kind, 'pending');
    const [report] = reportsOf(stage.gateway.requests);
    assert.equal(report?.result.code, 'motor-ctl:INSTALL_FAILED');
    assert.deepEqual(runs(vehicle), ['app.bin', undefined, 'door.bin']);
    stage.gateway.simulator.director.targets.clear();
    stage.gateway.simulator.offer('app-2.bin', 'the next', [PRIMARY]);
    await stage.gateway.simulator.publish();
    assert.equal((await vehicle.aktualizr.checkUpdates()).kind, 'updates');
  });

  it('waits for its own reboot and for a Secondary, and reports when both are done', async () => {
    const options = { needsReboot: true, motorWaits: true };
    const vehicle = await openVehicle(options);
    await offerAll();
    assert.equal((await vehicle.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    vehicle.motor.reboot();
    assert.equal((await vehicle.aktualizr.uptaneCycle()).check.kind, 'pending');
    assert.deepEqual(runs(vehicle), [undefined, 'motor.bin', 'door.bin']);
    const { motor, door } = vehicle;
    stage.close(vehicle.device);
    const rebooted = await stage.open({ secondaries: [motor, door], needsReboot: true, bootId: 'boot-2' });
    assert.deepEqual(runs(rebooted), ['app.bin', 'motor.bin', 'door.bin']);
    await rebooted.aktualizr.uptaneCycle();
    const reports = reportsOf(stage.gateway.requests);
    assert.deepEqual(
      reports.map(({ result }) => result.code),
      ['OK'],
    );
  });

  it('sends the last good report of a Secondary that does not answer, and says that it is silent [5.4.3.6-2]', async () => {
    const { aktualizr, motor } = await openVehicle();
    await offerAll([MOTOR]);
    await aktualizr.uptaneCycle();
    motor.faults.set('manifest', 'unreachable');
    await aktualizr.sendManifest();
    const last = manifests().at(-1);
    assert.equal(imagesIn(last).get(MOTOR.serial), 'motor.bin');
    assert.deepEqual(last?.custom, { silent_ecus: { [MOTOR.serial]: 'unreachable' } });
  });

  it('names a Secondary that never reported, instead of leaving it out in silence', async () => {
    const { aktualizr, motor } = await openVehicle();
    motor.faults.set('manifest', new Error('bus off'));
    await aktualizr.sendManifest({ mileage: 7 });
    const last = manifests().at(-1);
    assert.deepEqual([...imagesIn(last).keys()], [PRIMARY.serial, DOOR.serial]);
    assert.deepEqual(last?.custom, { mileage: 7, silent_ecus: { [MOTOR.serial]: 'no valid report' } });
  });

  it('passes on no report that another key has signed', async () => {
    const { aktualizr, motor, door } = await openVehicle();
    motor.manifest = (signal) => door.manifest(signal);
    await aktualizr.sendManifest();
    assert.deepEqual([...imagesIn(manifests().at(-1)).keys()], [PRIMARY.serial, DOOR.serial]);
  });
});
