import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  canonicalBytes,
  parseStrictJson,
  signReport,
  type JsonObject,
  type JsonValue,
} from '@ota-connect/uptane';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import type { Answer } from '../../../test/device.ts';
import { createOnlineVehicle, type Vehicle } from '../../../test/vehicle.ts';
import { installedImage, uuidOf } from './test/assign.ts';

const refusal = (answer: Answer): [number, unknown] => [answer.status, answer.json()['code']];

let server: ScratchServer;
before(async () => {
  server = await startScratchServer();
});
after(() => server.dispose());

async function installedOn(vehicle: Vehicle): Promise<string | undefined> {
  const uuid = await uuidOf(server, vehicle.deviceId);
  const shown = (await (await server.api('GET', `/devices/${uuid}`)).json()) as {
    ecus: { installed?: { filename: string } }[];
  };
  return shown.ecus[0]?.installed?.filename;
}

const put = (vehicle: Vehicle, body: unknown): Promise<Answer> =>
  vehicle.device.send('PUT', '/director/manifest', { body });

type Signed = { readonly signatures: readonly JsonObject[]; readonly signed: JsonValue };
type Hash = { readonly function: unknown; readonly digest: unknown };

/** The hash is beside the signature, not under it: whoever holds the manifest can write it there. */
function stating(hash: Hash, document: JsonValue): JsonValue {
  const { signatures, signed } = document as Signed;
  return { signatures: signatures.map((one) => ({ ...one, hash: hash as JsonObject })), signed };
}

function hashOf(algorithm: string, document: JsonValue): Hash {
  const bytes = canonicalBytes((document as Signed).signed);
  return { function: algorithm, digest: createHash(algorithm).update(bytes).digest('hex') };
}

describe('manifest: which vehicle it is of', () => {
  it('is taken with the device id, the uuid, or without any [5.4.2.1.1-3]', async () => {
    const vehicle = await createOnlineVehicle(server, 'car-1');
    const uuid = await uuidOf(server, 'car-1');
    for (const options of [{ vehicleId: 'car-1' }, { vehicleId: uuid }, {}]) {
      assert.equal((await vehicle.putManifest(options)).status, 200);
    }
  });

  it('is refused with the id of another vehicle, and nothing of it is stored [5.4.2.1.1-3, 5.3.2.1-1]', async () => {
    const vehicle = await createOnlineVehicle(server, 'car-2');
    await createOnlineVehicle(server, 'car-3');
    vehicle.primary.installed = installedImage('gateway-9');
    const attacks = { [vehicle.primary.serial]: 'rollback: Rollback' };
    for (const vehicleId of ['car-3', await uuidOf(server, 'car-3'), 'CAR-2', 'car-2 ', 'car', '']) {
      const answer = await vehicle.putManifest({ vehicleId, attacks });
      assert.deepEqual(refusal(answer), [400, 'manifest_refused'], vehicleId);
    }
    assert.equal(await installedOn(vehicle), 'unknown');
    const listed = await server.api('GET', `/devices/${await uuidOf(server, 'car-2')}/attacks`);
    assert.deepEqual(await listed.json(), { values: [] });
  });

  it('is refused when it is replayed over the channel of another vehicle, even one with the same ECUs', async () => {
    const sender = await createOnlineVehicle(server, 'sender');
    const recorded = await sender.manifest({ vehicleId: 'sender' });
    const uuid = await uuidOf(server, 'sender');
    assert.equal((await server.api('DELETE', `/devices/${uuid}`)).status, 204);
    await server.idle();
    const heir = await createOnlineVehicle(server, 'heir');
    const body = {
      primary_ecu_serial: sender.primary.serial,
      ecus: [
        {
          ecu_serial: sender.primary.serial,
          hardware_identifier: 'gateway',
          clientKey: sender.primary.publicKey,
        },
      ],
    };
    assert.equal((await heir.device.send('POST', '/director/ecus', { body })).status, 200);
    assert.deepEqual(refusal(await put(heir, recorded)), [400, 'manifest_refused']);
  });

  it('is refused when the id is no text', async () => {
    const vehicle = await createOnlineVehicle(server, 'car-4');
    const { signed } = (await vehicle.manifest()) as { signed: JsonObject };
    for (const vehicleId of [7, ['car-4'], { id: 'car-4' }]) {
      const forged = await signReport({ ...signed, vehicle_id: vehicleId }, vehicle.primary.signer);
      assert.deepEqual(refusal(await put(vehicle, parseStrictJson(forged))), [400, 'manifest_refused']);
    }
  });
});

describe('manifest: what a signature says of what was signed', () => {
  it('is taken when it holds, of the manifest and of reports, by either function [5.4.2.1.1-2, 5.4.2.1.2-2]', async () => {
    const vehicle = await createOnlineVehicle(server, 'hashed', ['gateway', 'motor']);
    for (const algorithm of ['sha256', 'sha512']) {
      const document = await vehicle.manifest({
        forge(reports) {
          for (const [serial, report] of reports) {
            reports.set(serial, stating(hashOf(algorithm, report), report));
          }
        },
      });
      const answer = await put(vehicle, stating(hashOf(algorithm, document), document));
      assert.equal(answer.status, 200, answer.body.toString());
    }
    const { signed } = (await vehicle.manifest()) as { signed: JsonObject };
    const ours = parseStrictJson(await signReport(signed, vehicle.primary.signer));
    assert.equal((await put(vehicle, ours)).status, 200);
  });

  it('is refused when it is the hash of something else, or by an unknown function [5.4.2.1.1-2]', async () => {
    const vehicle = await createOnlineVehicle(server, 'misstated');
    vehicle.primary.installed = installedImage('gateway-9');
    const document = await vehicle.manifest();
    const right = hashOf('sha256', document);
    for (const hash of [
      { ...right, digest: '00'.repeat(32) },
      { ...right, digest: '' },
      { ...right, function: 'sha512' },
      { ...right, function: 'md5' },
      { ...right, function: '__proto__' },
    ]) {
      assert.deepEqual(
        refusal(await put(vehicle, stating(hash, document))),
        [400, 'signature_not_valid'],
        JSON.stringify(hash),
      );
    }
    assert.equal(await installedOn(vehicle), 'unknown');
    assert.equal((await put(vehicle, stating(right, document))).status, 200);
  });

  it('is refused when it is wrong at the report of one ECU [5.4.2.1.2-2]', async () => {
    const vehicle = await createOnlineVehicle(server, 'misreported', ['gateway', 'motor']);
    const answer = await vehicle.putManifest({
      forge(reports) {
        const serial = vehicle.ecus[1]?.serial ?? '';
        reports.set(
          serial,
          stating({ function: 'sha256', digest: 'ab'.repeat(32) }, reports.get(serial) ?? null),
        );
      },
    });
    assert.deepEqual(refusal(answer), [400, 'signature_not_valid']);
  });
});
