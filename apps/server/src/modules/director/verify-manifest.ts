// Is this manifest what the device of this certificate says? The Primary on record signed the whole, each ECU signed its
// own report, and every ECU named is on record. Key ids are ignored: the key on record decides.
// It may state which vehicle it is and the hash of what was signed, as originals do not: then both have to be right, so
// that no manifest passes for another vehicle's, whatever certificate it comes with.
// A Secondary may be missing: the original's Primary leaves out what it cannot reach (trap 16). The Primary's own report
// may not. Report counters are not compared: they repeat after a re-flash (server-protocol 2.3 rule 15).
// Source: Uptane Standard #director_repository, #vehicle_version_manifest; requirements 5.3.2.1-1 to 5.3.2.1-9
import {
  CodedError,
  hashBytes,
  hashesAgree,
  verifySignature,
  type Envelope,
  type PublicKey,
  type SealedManifest,
  type VehicleManifest,
} from '@ota-connect/uptane';
import type { ReportedState } from './apply-manifest.ts';
import type { Image, Result } from './assignment.ts';

export type RegisteredEcu = {
  readonly serial: string;
  readonly hardwareId: string;
  readonly publicKey: PublicKey;
  readonly isPrimary: boolean;
  readonly installed?: Image;
};

/** What is on record of the device whose certificate it is. */
export type RegisteredVehicle = {
  readonly ecus: readonly RegisteredEcu[];
  /** The names that it goes by. */
  readonly ids: ReadonlySet<string>;
};

export type ManifestRefusal =
  | 'device_missing_primary_ecu'
  | 'ecu_not_primary'
  | 'signature_not_valid'
  | 'manifest_refused';

export type ManifestVerdict =
  | {
      readonly kind: 'accepted';
      readonly reported: ReportedState;
      /** What ECUs say they saw; only those that say anything. */
      readonly attacks: ReadonlyMap<string, string>;
      readonly missing: readonly string[];
      readonly manifest: VehicleManifest;
    }
  | { readonly kind: 'refused'; readonly code: ManifestRefusal; readonly reason: string };

/** What it says is not read before it is known who says it. */
export function verifyManifest(vehicle: RegisteredVehicle, sealed: SealedManifest): ManifestVerdict {
  const { ecus, ids } = vehicle;
  const primary = ecus.find((ecu) => ecu.isPrimary);
  if (primary === undefined)
    return refuse('device_missing_primary_ecu', 'The device has registered no Primary.');
  if (sealed.vehicleId !== undefined && !ids.has(sealed.vehicleId)) {
    return refuse('manifest_refused', 'The manifest is of another vehicle.');
  }
  if (sealed.primary !== primary.serial) {
    return refuse('ecu_not_primary', `"${sealed.primary}" is not the Primary of this device.`);
  }
  if (!isSignedBy(primary.publicKey, sealed.envelope)) {
    return refuse('signature_not_valid', 'The manifest is not signed by the Primary of this device.');
  }
  if (!hashesHold(sealed.envelope)) {
    return refuse(
      'signature_not_valid',
      'A signature of the manifest states another hash than what was signed has.',
    );
  }
  // No more reports than ECUs: each costs the check of a signature.
  const manifest = opened(sealed, ecus.length);
  return typeof manifest === 'string' ? refuse('manifest_refused', manifest) : verifyReports(ecus, manifest);
}

/** Or what is wrong with it. */
function opened(sealed: SealedManifest, most: number): VehicleManifest | string {
  try {
    return sealed.open(most);
  } catch (error) {
    if (error instanceof CodedError && error.family === 'ManifestError') return error.message;
    throw error;
  }
}

/** That each is by an ECU on record and signed by it, the Primary's among them. */
function verifyReports(ecus: readonly RegisteredEcu[], manifest: VehicleManifest): ManifestVerdict {
  const known = new Map(ecus.map((ecu) => [ecu.serial, ecu]));
  const images = new Map<string, Image>();
  const attacks = new Map<string, string>();
  for (const [serial, { envelope, report }] of manifest.ecus) {
    const ecu = known.get(serial);
    if (ecu === undefined)
      return refuse('manifest_refused', `The ECU "${serial}" is not registered for this device.`);
    if (!isSignedBy(ecu.publicKey, envelope)) {
      return refuse('signature_not_valid', `The report of "${serial}" is not signed by this ECU.`);
    }
    if (!hashesHold(envelope)) {
      return refuse(
        'signature_not_valid',
        `A signature of the report of "${serial}" states another hash than its own.`,
      );
    }
    const { name: filename, lengthBytes, hashes } = report.installed;
    if (hashes.sha256 === undefined)
      return refuse('manifest_refused', `The report of "${serial}" has no sha256.`);
    images.set(serial, { filename, lengthBytes, sha256: hashes.sha256 });
    if (report.attacksDetected !== '') attacks.set(serial, report.attacksDetected);
  }
  if (!ecus.some((ecu) => ecu.isPrimary && images.has(ecu.serial)))
    return refuse('manifest_refused', 'The report of the Primary is missing.');
  const missing = ecus.map((ecu) => ecu.serial).filter((serial) => !images.has(serial));
  return { kind: 'accepted', reported: { images, ...reportOf(manifest) }, attacks, missing, manifest };
}

function isSignedBy(key: PublicKey, envelope: Envelope): boolean {
  return envelope.signatures.some((signature) => verifySignature(key, signature, envelope.signedBytes));
}

/** Of every signature that states one. */
function hashesHold({ signatures, signedBytes }: Envelope): boolean {
  const stated = signatures.flatMap(({ hash }) => hash ?? []);
  if (stated.length === 0) return true;
  const hashes = hashBytes(signedBytes);
  return stated.every((hash) => hashesAgree({ [hash.function.toLowerCase()]: hash.digest }, hashes));
}

function reportOf(manifest: VehicleManifest): Pick<ReportedState, 'report'> {
  const report = manifest.installationReport;
  if (report === undefined) return {};
  const items = new Map<string, Result>(report.items.map((item) => [item.ecu, item.result]));
  return { report: { correlationId: report.correlationId, result: report.result, items } };
}

function refuse(code: ManifestRefusal, reason: string): ManifestVerdict {
  return { kind: 'refused', code, reason };
}
