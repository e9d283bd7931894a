import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  parsePublicKey,
  sha256Hex,
  verifySignature,
  canonicalBytes,
  type JsonObject,
} from '@ota-connect/uptane';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { createOnlineVehicle, type SignedDocument, type Vehicle } from '../../../test/vehicle.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { rotateRoot } from '../keyserver/index.ts';
import { assign, cancel, installedImage, softwareTarget, statusOf, updatesOf } from './test/assign.ts';

const FIRST = 'urn:here-ota:campaign:0190a8b0-0000-7000-8000-000000000001';
const SECOND = 'urn:here-ota:campaign:0190a8b0-0000-7000-8000-000000000002';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let server: ScratchServer;
before(async () => {
  server = await startScratchServer();
});
after(() => server.dispose());

type Envelope = {
  signatures: { keyid: string; method: string; sig: string }[];
  signed: JsonObject & { version: number; expires: string };
};
const read = async (vehicle: Vehicle, file: string): Promise<Envelope> =>
  (await vehicle.device.send('GET', `/director/${file}`)).json() as Envelope;
const versionOf = async (vehicle: Vehicle, file: string): Promise<unknown> =>
  (await read(vehicle, file)).signed['version'];
const ecusIn = (targets: SignedDocument): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(targets.targets).map(([name, target]) => [name, target.custom['ecuIdentifiers']]),
  );

describe('metadata of a device', () => {
  it('is a chain that Root vouches for: canonical bytes, hashes and lengths one level up [5.1.3-1, 5.1.4-1, 5.2.5-2, 5.3.2.1-13]', async () => {
    const vehicle = await createOnlineVehicle(server, 'chain');
    const root = (await read(vehicle, 'root.json')).signed as unknown as {
      keys: Record<string, JsonObject>;
      roles: Record<string, { keyids: string[] }>;
    };
    assert.deepEqual(await read(vehicle, '1.root.json'), await read(vehicle, 'root.json'));
    for (const role of ['targets', 'snapshot', 'timestamp']) {
      const { signatures, signed } = await read(vehicle, `${role}.json`);
      const [signature] = signatures;
      assert.ok(signature && root.roles[role]?.keyids.includes(signature.keyid));
      const key = parsePublicKey(root.keys[signature.keyid] ?? null);
      assert.ok(verifySignature(key, signature, canonicalBytes(signed)), role);
      assert.match(signed.expires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    const bytesOf = async (file: string): Promise<Buffer> =>
      (await vehicle.device.send('GET', `/director/${file}`)).body;
    const listing = (bytes: Buffer): unknown => ({
      version: 1,
      length: bytes.length,
      hashes: { sha256: sha256Hex(bytes) },
    });
    const meta = async (file: string): Promise<JsonObject> =>
      (await read(vehicle, file)).signed['meta'] as JsonObject;
    assert.deepEqual(
      { ...((await meta('timestamp.json'))['snapshot.json'] as object) },
      listing(await bytesOf('snapshot.json')),
    );
    assert.deepEqual(
      { ...((await meta('snapshot.json'))['targets.json'] as object) },
      listing(await bytesOf('targets.json')),
    );
  });

  it('names its vehicle, with images and without: Targets of another one are told apart [5.2.3.1-3]', async () => {
    const [one, two] = [
      await createOnlineVehicle(server, 'vin-1'),
      await createOnlineVehicle(server, 'vin-2'),
    ];
    assert.deepEqual(
      [await one.fetchTargets(), await two.fetchTargets()].map(({ targets, custom }) => [targets, custom]),
      [
        [{}, { vehicleId: 'vin-1' }],
        [{}, { vehicleId: 'vin-2' }],
      ],
    );
    await assign(server, one, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    assert.deepEqual((await one.fetchTargets()).custom, { vehicleId: 'vin-1', correlationId: FIRST });
  });

  it('ends the chain of Roots with a JSON answer that is not 2xx', async () => {
    const vehicle = await createOnlineVehicle(server, 'roots');
    const answer = await vehicle.device.send('GET', '/director/99.root.json');
    assert.equal(answer.status, 404);
    assert.equal(answer.json()['code'], 'root_role_not_found');
  });

  it('is signed anew when Root has changed, by the keys that the new Root lists', async () => {
    const vehicle = await createOnlineVehicle(server, 'rotated');
    assert.equal(await versionOf(vehicle, 'targets.json'), 1);
    const director = { environment: 'default', repository: 'director' } as const;
    await inTransaction(server.ctx.db, (tx) => rotateRoot(server.ctx, tx, director));
    const root = (await read(vehicle, '2.root.json')).signed as unknown as {
      roles: Record<string, { keyids: string[] }>;
    };
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      const { signatures, signed } = await read(vehicle, `${role}.json`);
      assert.equal(signed.version, 2);
      assert.ok(root.roles[role]?.keyids.includes(signatures[0]?.keyid ?? ''));
    }
  });

  it('answers 304 to a device that has the document, and its next version when it changed', async () => {
    const vehicle = await createOnlineVehicle(server, 'etag');
    const first = await vehicle.device.send('GET', '/director/targets.json');
    const headers = { 'if-none-match': String(first.headers['etag']) };
    const same = await vehicle.device.send('GET', '/director/targets.json', { headers });
    assert.deepEqual([same.status, same.body.length], [304, 0]);
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    assert.equal((await vehicle.device.send('GET', '/director/targets.json', { headers })).status, 200);
    assert.deepEqual(await updatesOf(server, vehicle), ['etag-ecu-0 g-2 in_flight']);
  });

  it('keeps its version while nothing changes and raises it with every change [5.2.1-6, 5.3.2-3]', async () => {
    const vehicle = await createOnlineVehicle(server, 'versions');
    assert.equal(await versionOf(vehicle, 'targets.json'), 1);
    assert.equal(await versionOf(vehicle, 'targets.json'), 1);
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    assert.equal(await versionOf(vehicle, 'timestamp.json'), 2);
    assert.equal(await versionOf(vehicle, 'snapshot.json'), 2);
    assert.equal(await versionOf(vehicle, 'targets.json'), 2);
    await vehicle.putManifest();
    assert.equal(await versionOf(vehicle, 'targets.json'), 2);
  });

  it('is signed anew in the last hour: Timestamp daily, the others monthly', async (test) => {
    const clock = manualClock();
    const aged = await startScratchServer({ clock });
    test.after(() => aged.dispose());
    const vehicle = await createOnlineVehicle(aged, 'expiry');
    const files = ['timestamp.json', 'snapshot.json', 'targets.json'];
    const versions = async (): Promise<unknown[]> =>
      Promise.all(files.map((file) => versionOf(vehicle, file)));
    assert.deepEqual(await versions(), [1, 1, 1]);
    clock.advance(DAY - 2 * HOUR);
    assert.deepEqual(await versions(), [1, 1, 1]);
    clock.advance(1.5 * HOUR);
    assert.deepEqual(await versions(), [2, 1, 1]);
    clock.advance(30 * DAY);
    assert.deepEqual(await versions(), [3, 2, 2]);
    const left = Date.parse((await read(vehicle, 'targets.json')).signed.expires) - clock.now();
    assert.ok(Math.abs(left - 31 * DAY) < 1000);
  });

  it('stays what Timestamp lists for the rest of a poll, when an update is assigned in the middle of it', async () => {
    const vehicle = await createOnlineVehicle(server, 'assigned-in-between');
    const timestamp = await read(vehicle, 'timestamp.json');
    await assign(server, vehicle, {
      correlationId: FIRST,
      targets: [softwareTarget('gateway', 'between.bin')],
    });
    const snapshotBytes = (await vehicle.device.send('GET', '/director/snapshot.json')).body;
    const listed = timestamp.signed['meta'] as unknown as Record<string, { hashes: { sha256: string } }>;
    assert.equal(sha256Hex(snapshotBytes), listed['snapshot.json']?.hashes.sha256);
    assert.deepEqual((await read(vehicle, 'targets.json')).signed['targets'], {});
    assert.match((await updatesOf(server, vehicle)).join(), / assigned$/);
    await read(vehicle, 'timestamp.json');
    assert.deepEqual(Object.keys((await read(vehicle, 'targets.json')).signed['targets'] as object), [
      'between.bin',
    ]);
    assert.match((await updatesOf(server, vehicle)).join(), / in_flight$/);
  });
});

describe('Targets with an update', () => {
  it('carries correlation id, ECUs, length, hash, and what else the target has [5.2.3.1-2, 5.3.2.1-13]', async () => {
    const vehicle = await createOnlineVehicle(server, 'content');
    const target = softwareTarget('gateway', 'g-2', { uri: 'https://files.example/g-2', releaseCounter: 3 });
    await assign(server, vehicle, { correlationId: FIRST, targets: [target] });
    const signed = await vehicle.fetchTargets();
    assert.deepEqual(signed.custom, { vehicleId: 'content', correlationId: FIRST });
    assert.deepEqual(signed.targets, {
      'g-2': {
        length: 3,
        hashes: { sha256: target.to.sha256 },
        custom: {
          ecuIdentifiers: { 'content-ecu-0': { hardwareId: 'gateway' } },
          uri: 'https://files.example/g-2',
          releaseCounter: 3,
        },
      },
    });
  });

  it('is in flight once Targets were fetched, not by Snapshot or Timestamp', async () => {
    const vehicle = await createOnlineVehicle(server, 'flight');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    assert.equal(await statusOf(server, vehicle), 'Outdated');
    await read(vehicle, 'timestamp.json');
    await read(vehicle, 'snapshot.json');
    assert.deepEqual(await updatesOf(server, vehicle), ['flight-ecu-0 g-2 assigned']);
    await vehicle.fetchTargets();
    assert.deepEqual(await updatesOf(server, vehicle), ['flight-ecu-0 g-2 in_flight']);
    assert.equal(await statusOf(server, vehicle), 'UpdatePending');
  });

  it('names only the ECUs that still need a file (trap 29)', async () => {
    const vehicle = await createOnlineVehicle(server, 'twins', ['gateway', 'motor', 'motor']);
    const [, left, right] = vehicle.ecus;
    assert.ok(left && right);
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('motor', 'm-2')] });
    assert.deepEqual(ecusIn(await vehicle.fetchTargets()), {
      'm-2': { [left.serial]: { hardwareId: 'motor' }, [right.serial]: { hardwareId: 'motor' } },
    });
    left.installed = installedImage('m-2');
    await vehicle.putManifest();
    assert.deepEqual(ecusIn(await vehicle.fetchTargets()), {
      'm-2': { [right.serial]: { hardwareId: 'motor' } },
    });
  });

  it('refuses an update that would not fit into 64 KiB', async () => {
    const hardwareIds = Array.from({ length: 2 }, () => 'gateway');
    const vehicle = await createOnlineVehicle(server, 'huge', hardwareIds);
    const target = softwareTarget('gateway', 'g-2', {
      uri: `https://files.example/${'x'.repeat(64 * 1024)}`,
    });
    assert.deepEqual(await assign(server, vehicle, { correlationId: FIRST, targets: [target] }), {
      notAffected: 'targets_too_large',
    });
  });
});

describe('queue of updates', () => {
  const finish = async (vehicle: Vehicle, filename: string, correlationId: string): Promise<void> => {
    vehicle.primary.installed = installedImage(filename);
    await vehicle.putManifest({
      report: { correlationId, result: { success: true, code: 'OK', description: '' } },
    });
  };

  it('brings two accepted updates one after the other, in the order of acceptance', async () => {
    const vehicle = await createOnlineVehicle(server, 'queue');
    const targets = [softwareTarget('gateway', 'g-2')];
    assert.equal(await assign(server, vehicle, { correlationId: FIRST, targets }), 'assigned');
    const next = { correlationId: SECOND, targets: [softwareTarget('gateway', 'g-3', { from: 'g-2' })] };
    assert.equal(await assign(server, vehicle, next), 'queued');
    assert.equal(await assign(server, vehicle, next), 'queued', 'the same again changes nothing');
    assert.equal((await vehicle.fetchTargets()).custom?.correlationId, FIRST);
    await finish(vehicle, 'g-2', FIRST);
    assert.equal(await statusOf(server, vehicle), 'Outdated');
    const signed = await vehicle.fetchTargets();
    assert.deepEqual([signed.custom?.correlationId, Object.keys(signed.targets)], [SECOND, ['g-3']]);
    await finish(vehicle, 'g-3', SECOND);
    assert.deepEqual(await updatesOf(server, vehicle), [
      'queue-ecu-0 g-2 completed OK',
      'queue-ecu-0 g-3 completed OK',
    ]);
    assert.equal(await statusOf(server, vehicle), 'UpToDate');
  });

  it('waits also when the updates are for different ECUs: one correlation id at a time', async () => {
    const vehicle = await createOnlineVehicle(server, 'two-ecus', ['gateway', 'motor']);
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    await assign(server, vehicle, { correlationId: SECOND, targets: [softwareTarget('motor', 'm-2')] });
    assert.deepEqual(Object.keys((await vehicle.fetchTargets()).targets), ['g-2']);
    await finish(vehicle, 'g-2', FIRST);
    assert.deepEqual(Object.keys((await vehicle.fetchTargets()).targets), ['m-2']);
  });

  it('ends a queued update that no longer fits, and says why', async () => {
    const vehicle = await createOnlineVehicle(server, 'misfit');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    const targets = [softwareTarget('gateway', 'g-3', { from: 'g-2' })];
    await assign(server, vehicle, { correlationId: SECOND, targets });
    await vehicle.fetchTargets();
    const result = { success: false, code: 'INSTALL_FAILED', description: '' };
    await vehicle.putManifest({ report: { correlationId: FIRST, result } });
    assert.deepEqual(await updatesOf(server, vehicle), [
      'misfit-ecu-0 g-2 failed INSTALL_FAILED',
      'misfit-ecu-0 g-3 failed DEVICE_UPDATE_PROCESS_FAILED',
    ]);
    assert.deepEqual((await vehicle.fetchTargets()).targets, {});
  });

  it('has nothing left to do for a queued update whose target is there already', async () => {
    const vehicle = await createOnlineVehicle(server, 'ahead');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    await assign(server, vehicle, { correlationId: SECOND, targets: [softwareTarget('gateway', 'g-3')] });
    vehicle.primary.installed = installedImage('g-3');
    await vehicle.fetchTargets();
    const result = { success: false, code: 'INSTALL_FAILED', description: '' };
    await vehicle.putManifest({ report: { correlationId: FIRST, result } });
    assert.deepEqual(await updatesOf(server, vehicle), [
      'ahead-ecu-0 g-2 failed INSTALL_FAILED',
      'ahead-ecu-0 g-3 completed ALREADY_PROCESSED',
    ]);
    assert.equal(await statusOf(server, vehicle), 'UpToDate');
  });

  it('takes back what was not fetched, and begins the next', async () => {
    const vehicle = await createOnlineVehicle(server, 'before');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    await assign(server, vehicle, { correlationId: SECOND, targets: [softwareTarget('gateway', 'g-3')] });
    assert.equal(await cancel(server, vehicle, FIRST), 'cancelled');
    assert.equal((await vehicle.fetchTargets()).custom?.correlationId, SECOND);
    assert.equal(await cancel(server, vehicle, FIRST), 'none');
  });

  it('does not take back what the device has fetched', async () => {
    const vehicle = await createOnlineVehicle(server, 'after');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    const { version } = await vehicle.fetchTargets();
    assert.equal(await cancel(server, vehicle, FIRST), 'in_flight');
    assert.equal((await vehicle.fetchTargets()).version, version);
    await finish(vehicle, 'g-2', FIRST);
    assert.deepEqual(await updatesOf(server, vehicle), ['after-ecu-0 g-2 completed OK']);
  });

  it('leaves the running update alone when a queued one is cancelled', async () => {
    const vehicle = await createOnlineVehicle(server, 'queued-out');
    await assign(server, vehicle, { correlationId: FIRST, targets: [softwareTarget('gateway', 'g-2')] });
    await assign(server, vehicle, { correlationId: SECOND, targets: [softwareTarget('gateway', 'g-3')] });
    await vehicle.fetchTargets();
    assert.equal(await cancel(server, vehicle, SECOND), 'cancelled');
    assert.equal(await statusOf(server, vehicle), 'UpdatePending');
  });
});
