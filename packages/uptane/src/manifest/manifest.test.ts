import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '../errors.ts';
import { parseEcuSerial } from '../identifiers.ts';
import { canonicalBytes } from '../json/canonical-json.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { createSigner } from '../keys/signer.ts';
import { generateKeyPair } from '../keys/generate-key-pair.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { sha256Hex } from '../hashes.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { parseInstant } from '../time.ts';
import { signReport } from './sign-report.ts';
import { ecuVersionReport } from './ecu-version-report.ts';
import { installationReport } from './installation-report.ts';
import {
  parseVehicleManifest,
  readSealedManifest,
  vehicleVersionManifest,
} from './vehicle-version-manifest.ts';

const primary = parseEcuSerial('prim-1');
const sha256 = '9f'.repeat(32);
const envelope = (signed: JsonObject): JsonObject =>
  jsonObject([
    ['signatures', []],
    ['signed', signed],
  ]);
const report = (ecuSerial: string, reportCounter?: number): JsonObject =>
  ecuVersionReport({
    ecuSerial,
    installed: { name: 'os-42', lengthBytes: 7, sha256 },
    attacksDetected: 'freeze',
    ...(reportCounter === undefined ? {} : { reportCounter }),
  });

describe('vehicle version manifest', () => {
  it('reads back what it builds [5.4.2.1.1-4, 5.4.2.1.1-5, 5.4.2.1.1-6, 5.4.2.1.2-3]', () => {
    const result = { success: false, code: 'motor-ctl:INSTALL_FAILED', description: 'bad flash' };
    const installation = { correlationId: '', result, rawReport: 'raw', items: [{ ecu: 'prim-1', result }] };
    const signed = vehicleVersionManifest({
      primary,
      reports: new Map([[primary, envelope(report('prim-1', 118))]]),
      installationReport: installationReport(installation),
      custom: jsonObject([['note', 'x']]),
    });
    const manifest = parseVehicleManifest(canonicalBytes(envelope(signed)));
    assert.equal(manifest.primary, 'prim-1');
    assert.deepEqual(manifest.installationReport, installation);
    assert.equal(manifest.custom?.['note'], 'x');
    assert.deepEqual(manifest.ecus.get(primary)?.report, {
      ecuSerial: 'prim-1',
      installed: { name: 'os-42', lengthBytes: 7, hashes: { sha256 } },
      attacksDetected: 'freeze',
      reportCounter: 118,
    });
  });

  it('states which vehicle it is, what was signed, and the last times that were attested [5.4.2.1.1-2, 5.4.2.1.1-3, 5.4.2.1.2-2, 5.4.2.1.2-5]', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const signer = createSigner(publicKey, privateKey);
    const signedReport = ecuVersionReport({
      ecuSerial: 'prim-1',
      installed: { name: 'os-42', lengthBytes: 7, sha256 },
      attacksDetected: '',
      attestedTime: parseInstant('2031-05-06T07:08:09Z'),
      previousAttestedTime: parseInstant('2031-05-05T07:08:09Z'),
    });
    assert.equal(signedReport['timeserver_time'], '2031-05-06T07:08:09Z');
    assert.equal(signedReport['previous_timeserver_time'], '2031-05-05T07:08:09Z');
    const inner = parseStrictJson(await signReport(signedReport, signer));
    const signed = vehicleVersionManifest({
      vehicleId: 'car-7',
      primary,
      reports: new Map([[primary, inner]]),
    });
    const manifest = parseVehicleManifest(await signReport(signed, signer));
    assert.equal(manifest.vehicleId, 'car-7');
    const ecu = manifest.ecus.get(primary);
    assert.ok(ecu);
    assert.equal(ecu.report.attestedTime, parseInstant('2031-05-06T07:08:09Z'));
    assert.equal(ecu.report.previousAttestedTime, parseInstant('2031-05-05T07:08:09Z'));
    for (const { signatures, signedBytes } of [manifest.envelope, ecu.envelope]) {
      const [signature] = signatures;
      assert.ok(signature !== undefined && verifySignature(publicKey, signature, signedBytes));
      assert.deepEqual(signature.hash, { function: 'sha256', digest: sha256Hex(signedBytes) });
    }
  });

  it('says what the original says where no time was attested, and reads nothing from it', () => {
    assert.equal(report('a')['timeserver_time'], '1970-01-01T00:00:00Z');
    assert.equal(report('a')['previous_timeserver_time'], '1970-01-01T00:00:00Z');
    for (const text of ['1970-01-01T00:00:00Z', 'yesterday', 7, null]) {
      const said = jsonObject([...Object.entries(report('prim-1')), ['timeserver_time', text]]);
      const signed = vehicleVersionManifest({ primary, reports: new Map([[primary, envelope(said)]]) });
      const read = parseVehicleManifest(canonicalBytes(envelope(signed)));
      assert.equal(read.ecus.get(primary)?.report.attestedTime, undefined);
      assert.equal(read.vehicleId, undefined);
    }
  });

  it('reads a signature that states no hash, as originals send it, or one that is none', () => {
    const hashes: readonly (JsonValue | undefined)[] = [
      undefined,
      'x',
      jsonObject([['function', 'sha256']]),
      jsonObject([
        ['function', 1],
        ['digest', 'ab'],
      ]),
    ];
    for (const hash of hashes) {
      const signature = jsonObject([
        ['hash', hash],
        ['keyid', 'k'],
        ['method', 'ed25519'],
        ['sig', ''],
      ]);
      const signed = vehicleVersionManifest({
        primary,
        reports: new Map([[primary, envelope(report('prim-1'))]]),
      });
      const received = canonicalBytes(
        jsonObject([
          ['signatures', [signature]],
          ['signed', signed],
        ]),
      );
      assert.deepEqual(parseVehicleManifest(received).envelope.signatures, [
        { keyid: 'k', method: 'ed25519', sig: '' },
      ]);
    }
  });

  it('sends the counter as text, and none where there is none', () => {
    assert.equal(report('a', 5)['report_counter'], '5');
    assert.equal('report_counter' in report('a'), false);
  });

  it('reads the list of older clients and their operation result', () => {
    const result = jsonObject([
      ['id', 'x'],
      ['result_code', 0],
      ['result_text', ''],
    ]);
    const old = jsonObject([
      ...Object.entries(report('prim-1')),
      ['custom', jsonObject([['operation_result', result]])],
    ]);
    const signed = jsonObject([
      ['primary_ecu_serial', 'prim-1'],
      ['ecu_version_manifest', [envelope(old)]],
    ]);
    const ecu = parseVehicleManifest(canonicalBytes(envelope(signed))).ecus.get(primary);
    assert.equal(ecu?.report.operationResult?.['result_code'], 0);
  });

  const BAD: readonly (readonly [string, JsonValue])[] = [
    ['no reports', jsonObject([['primary_ecu_serial', 'prim-1']])],
    ['no Primary', jsonObject([['ecu_version_manifests', jsonObject([])]])],
    [
      'a report under another ECU’s serial',
      vehicleVersionManifest({ primary, reports: new Map([[primary, envelope(report('sec-7'))]]) }),
    ],
    [
      'two reports of one ECU',
      jsonObject([
        ['primary_ecu_serial', 'prim-1'],
        ['ecu_version_manifest', [envelope(report('a')), envelope(report('a'))]],
      ]),
    ],
    [
      'a counter that is none',
      vehicleVersionManifest({
        primary,
        reports: new Map([
          [primary, envelope(jsonObject([...Object.entries(report('prim-1')), ['report_counter', '1e9']]))],
        ]),
      }),
    ],
  ];
  for (const [title, signed] of BAD) {
    it(`refuses ${title}`, () => {
      const received = canonicalBytes(
        jsonObject([
          ['signatures', []],
          ['signed', signed],
        ]),
      );
      assert.throws(
        () => parseVehicleManifest(received),
        (error) => error instanceof CodedError && error.code === 'malformed_manifest',
      );
    });
  }

  it('tells whose it is before it is read, and reads no more reports than are asked for [5.3.2.1-3]', () => {
    const reports = ['prim-1', 'sec-1', 'sec-2'].map((serial): [string, JsonValue] => [
      serial,
      envelope(report(serial)),
    ]);
    const list = reports.map(([, one]) => one);
    for (const content of [
      jsonObject([
        ['ecu_version_manifests', jsonObject(reports)],
        ['primary_ecu_serial', primary],
        ['vehicle_id', 'car-7'],
      ]),
      jsonObject([
        ['ecu_version_manifest', list],
        ['primary_ecu_serial', primary],
        ['vehicle_id', 'car-7'],
      ]),
    ]) {
      const sealed = readSealedManifest(canonicalBytes(envelope(content)));
      assert.deepEqual([sealed.primary, sealed.vehicleId], ['prim-1', 'car-7']);
      assert.throws(() => sealed.open(2), /more than 2 reports/);
      assert.equal(sealed.open(3).ecus.size, 3);
    }
  });

  it('is told from what it holds: a sealed one may be malformed inside', () => {
    for (const reports of [7, null, jsonObject([['prim-1', 'x']])]) {
      const content = jsonObject([
        ['ecu_version_manifests', reports],
        ['primary_ecu_serial', primary],
      ]);
      const sealed = readSealedManifest(canonicalBytes(envelope(content)));
      assert.throws(
        () => sealed.open(1),
        (error) => error instanceof CodedError && error.code === 'malformed_manifest',
      );
    }
  });

  it('has few signatures: whoever checks it tries them all', () => {
    const signature = jsonObject([
      ['keyid', 'k'],
      ['method', 'ed25519'],
      ['sig', ''],
    ]);
    const signed = (count: number, part: JsonValue): JsonObject =>
      jsonObject([
        ['signatures', Array<JsonValue>(count).fill(signature)],
        ['signed', part],
      ]);
    const read = (outer: number, inner: number) => () => {
      const reports = new Map([[primary, signed(inner, report('prim-1'))]]);
      return parseVehicleManifest(
        canonicalBytes(signed(outer, vehicleVersionManifest({ primary, reports }))),
      );
    };
    assert.doesNotThrow(read(4, 4));
    for (const [outer, inner] of [
      [5, 1],
      [1, 5],
    ] as const)
      assert.throws(read(outer, inner), /too many signatures/);
  });
});
