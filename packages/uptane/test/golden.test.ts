// What the original client and its test backend really exchanged, held against our keys, forms and verification.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MemoryMetadataStore } from '@ota-connect/testkit';
import {
  canonicalText,
  clientKeyId,
  ecuVersionReport,
  fullVerification,
  installationReport,
  metadataPath,
  parseEcuSerial,
  parseHardwareId,
  parseInstant,
  parsePublicKey,
  parseStrictJson,
  parseVehicleManifest,
  repositoryKeyId,
  vehicleVersionManifest,
  verifySignature,
  type EcuSerial,
  type Envelope,
  type JsonValue,
  type MetadataSource,
  type PublicKey,
  type VehicleEcu,
} from '../src/index.ts';
import { parseEnvelope, parseRoot } from '../src/index.ts';

type Recorded = { readonly situation: string; readonly path: string; readonly text: string };
type RegisteredEcu = { ecu_serial: string; hardware_identifier: string; clientKey: JsonValue };

const NOW = parseInstant('2026-11-24T00:00:00Z');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const recorded = readFileSync(new URL('./fixtures/golden-documents.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);
const situations = Map.groupBy(recorded, (document) => document.situation);

/** Metadata, then the reports, as the recorded device saw them. */
function sourceOf(documents: readonly Recorded[], prefix: string): MetadataSource {
  return {
    fetch: async ({ role, version }) => {
      const found = documents.find((document) => document.path === `${prefix}${metadataPath(role, version)}`);
      return found === undefined ? 'absent' : bytes(found.text);
    },
  };
}

function registeredEcus(documents: readonly Recorded[]): readonly RegisteredEcu[] {
  const registration = documents.find((document) => document.path === '/director/ecus');
  return registration === undefined ? [] : (JSON.parse(registration.text) as { ecus: RegisteredEcu[] }).ecus;
}

function assertSigned(envelope: Envelope, key: PublicKey | undefined): void {
  const [signature] = envelope.signatures;
  assert.ok(key && signature);
  assert.equal(verifySignature(key, signature, envelope.signedBytes), true);
  assert.equal(signature.keyid, clientKeyId(key));
}

describe('golden exchanges', () => {
  for (const [situation, documents] of situations) {
    const ecus = registeredEcus(documents);
    if (ecus.length === 0 || !documents.some((document) => document.path === '/repo/targets.json')) continue;
    it(`${situation}: verifies both repositories to the updates that were installed`, async () => {
      const vehicle = ecus.map((ecu): VehicleEcu => ({
        serial: parseEcuSerial(ecu.ecu_serial),
        hardwareId: parseHardwareId(ecu.hardware_identifier),
      }));
      const verdict = await fullVerification(
        { ecus: vehicle },
        { name: 'director', source: sourceOf(documents, '/director/'), store: new MemoryMetadataStore() },
        { name: 'image', source: sourceOf(documents, '/repo/'), store: new MemoryMetadataStore() },
        NOW,
      );
      assert.equal(verdict.kind, 'updates');
      assert.match(verdict.correlationId ?? '', /^urn:here-ota:campaign:/);
    });
  }

  for (const [situation, documents] of situations) {
    const keys = new Map(
      registeredEcus(documents).map((ecu) => [ecu.ecu_serial, parsePublicKey(ecu.clientKey)]),
    );
    if (keys.size === 0) continue;
    it(`${situation}: verifies every manifest and report with the registered keys`, () => {
      for (const { text } of documents.filter((document) => document.path === '/director/manifest')) {
        const manifest = parseVehicleManifest(bytes(text));
        assertSigned(manifest.envelope, keys.get(manifest.primary));
        for (const [serial, ecu] of manifest.ecus) assertSigned(ecu.envelope, keys.get(serial));
      }
    });
  }

  it('builds manifests to the very bytes that the original signed [5.4.2.1.1-4, 5.4.2.1.1-5, 5.4.2.1.2-3]', () => {
    for (const { text } of recorded.filter((document) => document.path === '/director/manifest')) {
      const document = parseStrictJson(bytes(text)) as {
        signed: { ecu_version_manifests: Record<string, JsonValue> };
      };
      const manifest = parseVehicleManifest(bytes(text));
      const reports = new Map<EcuSerial, JsonValue>();
      for (const [serial, { report, envelope }] of manifest.ecus) {
        reports.set(serial, document.signed.ecu_version_manifests[serial] ?? null);
        const { name, lengthBytes, hashes } = report.installed;
        const installed = { name, lengthBytes, sha256: hashes.sha256 ?? '' };
        const rebuilt = ecuVersionReport({ ...report, installed });
        assert.equal(canonicalText(rebuilt), new TextDecoder().decode(envelope.signedBytes));
      }
      const next = { primary: manifest.primary, reports };
      const report = manifest.installationReport;
      const signed = vehicleVersionManifest(
        report === undefined ? next : { ...next, installationReport: installationReport(report) },
      );
      assert.equal(canonicalText(signed), new TextDecoder().decode(manifest.envelope.signedBytes));
    }
  });

  it('counts each recorded document as canonical, except registrations', () => {
    for (const { path, text } of recorded) {
      if (path !== '/director/ecus') assert.equal(canonicalText(parseStrictJson(bytes(text))), text);
    }
  });

  it('names repository keys as they are named in recorded Roots, or as the client does [5.2.1-1]', () => {
    for (const { text } of recorded.filter((document) => document.path.endsWith('root.json'))) {
      for (const [id, key] of parseRoot(parseEnvelope(bytes(text), { role: 'root' })).keys) {
        assert.ok(id === clientKeyId(key) || id === repositoryKeyId(key), id);
      }
    }
  });
});
