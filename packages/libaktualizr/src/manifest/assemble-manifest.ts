// The vehicle version manifest: the Primary's own signed report, and the installation report while one awaits the
// server. Each assembly takes a new report counter. client-protocol 5.1; Uptane Standard #vehicle_version_manifest.
import {
  ecuVersionReport,
  installationReport,
  jsonObject,
  parseStrictJson,
  sha256Hex,
  signReport,
  vehicleVersionManifest,
  type InstalledImage,
  type JsonObject,
} from '@ota-connect/uptane';
import type {
  AttackRecord,
  DeviceInstallationResult,
  InstallationStore,
  InstalledVersion,
} from '../ports.ts';
import { attackReport, type AttackReport } from '../reports/attacks.ts';
import { contentOfReports, gatherSecondaryReports, type SecondaryReports } from './secondary-reports.ts';
import { primaryOf, vehicleName, type StepContext } from '../steps/context.ts';

/** What a manifest will say, gathered without signing anything or using up a report counter. */
export type ManifestFacts = {
  readonly vehicleId: string | undefined;
  readonly installed: InstalledImage;
  readonly secondaries: SecondaryReports;
  readonly attacks: AttackReport;
  readonly results: ReturnType<InstallationStore['results']>;
  readonly custom: JsonObject | undefined;
};

export type AssembledManifest = {
  readonly bytes: Uint8Array;
  /** What the manifest reports; cleared when the server has taken it. */
  readonly reported: DeviceInstallationResult | undefined;
  /** The attacks that it tells of; cleared likewise. */
  readonly attacks: readonly AttackRecord[];
};

export async function gatherManifest(context: StepContext, custom?: JsonObject): Promise<ManifestFacts> {
  return {
    custom,
    vehicleId: vehicleName(context),
    installed: installedImage(await context.packageManager.current()),
    secondaries: await gatherSecondaryReports(context),
    attacks: attackReport(context.storage.attacks.pending()),
    results: context.storage.installations.results(),
  };
}

/** Equal for two manifests that say the same: counters, times and signatures are left out. */
export function contentOf({ results, attacks, secondaries, ...facts }: ManifestFacts): string {
  const said = contentOfReports(secondaries);
  return JSON.stringify([facts, said, attacks.text, results.device, [...results.ecus]]);
}

/** Whether something waits there that the server has to hear of. */
export function hasNews({ results, attacks }: ManifestFacts): boolean {
  return results.device !== undefined || results.ecus.size > 0 || attacks.text !== '';
}

export async function assembleManifest(
  context: StepContext,
  { vehicleId, installed, secondaries, attacks, results: { device, ecus }, custom }: ManifestFacts,
): Promise<AssembledManifest> {
  const primary = primaryOf(context).serial;
  const signer = context.signer();
  const report = ecuVersionReport({
    ecuSerial: primary,
    installed,
    attacksDetected: attacks.text,
    ...context.time.timesToReport(),
    reportCounter: context.storage.reports.nextReportCounter(primary),
  });
  const signedReport = await signReport(report, signer);
  const manifest = vehicleVersionManifest({
    ...(vehicleId === undefined ? {} : { vehicleId }),
    primary,
    reports: new Map([[primary, parseStrictJson(signedReport)], ...secondaries.reports]),
    ...customOf(custom, secondaries),
    ...(device === undefined
      ? {}
      : {
          installationReport: installationReport({
            correlationId: device.correlationId,
            items: [...ecus].map(([ecu, result]) => ({ ecu, result })),
            rawReport: device.rawReport,
            result: { success: device.success, code: device.code, description: device.description },
          }),
        }),
  });
  return { bytes: await signReport(manifest, signer), reported: device, attacks: attacks.carried };
}

/** Whoever could not report is named: an ECU that is silent differs from one that is gone. client-features W-02 */
function customOf(
  custom: JsonObject | undefined,
  { silent }: SecondaryReports,
): { readonly custom?: JsonObject } {
  if (silent.size === 0) return custom === undefined ? {} : { custom };
  return { custom: jsonObject([...Object.entries(custom ?? {}), ['silent_ecus', jsonObject(silent)]]) };
}

/** The original's words for an image that nobody knows. */
function installedImage(current: InstalledVersion | undefined): InstalledImage {
  const { sha256, sha512 } = current?.hashes ?? {};
  if (current === undefined || sha256 === undefined) {
    return { name: 'unknown', lengthBytes: 0, sha256: sha256Hex(new Uint8Array()) };
  }
  const { name, lengthBytes, ownSha256 } = current;
  // Whoever listed SHA-512 alone knows the image by that; to anybody else the original reports SHA-256 alone.
  return { name, lengthBytes, sha256, ...(ownSha256 && sha512 !== undefined ? { sha512 } : {}) };
}
