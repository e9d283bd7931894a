// The vehicle's manifest: the reports of its ECUs, each signed by its ECU, under the Primary's signature. Built here as
// the `signed` part, and read here, in its older shapes too. Whose keys must have signed is the server's to know.
// Source: Uptane Standard #vehicle_version_manifest
import { readEcuVersionReport, type EcuVersionReport } from './ecu-version-report.ts';
import { readInstallationReport, type InstallationReport } from './installation-report.ts';
import { CodedError } from '../errors.ts';
import { parseEcuSerial, type EcuSerial } from '../identifiers.ts';
import { readArray, readObject, readOptional, readString } from '../json/decode.ts';
import { stringAt } from '../json/json-bytes.ts';
import {
  decodeMembers,
  decodeOf,
  decodeShort,
  findMember,
  items,
  members,
  readObjectView,
  type JsonView,
} from '../json/json-view.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { readEnvelope, readInnerEnvelope, type Envelope } from '../metadata/envelope.ts';

export type NextVehicleManifest = {
  /** What the device is called at its server. */
  readonly vehicleId?: string;
  readonly primary: EcuSerial;
  /** Each ECU's signed report, verbatim. */
  readonly reports: ReadonlyMap<EcuSerial, JsonValue>;
  readonly installationReport?: JsonObject;
  readonly custom?: JsonObject;
};

export type EcuManifest = { readonly envelope: Envelope; readonly report: EcuVersionReport };

/** A manifest that arrived: nothing in it is verified yet. */
export type VehicleManifest = {
  readonly envelope: Envelope;
  /** Absent from originals: which vehicle it is only the connection says. */
  readonly vehicleId?: string;
  readonly primary: EcuSerial;
  readonly ecus: ReadonlyMap<EcuSerial, EcuManifest>;
  readonly installationReport?: InstallationReport;
  readonly custom?: JsonObject;
};

/** One that arrived, and is read no further than to tell whose signature it has to have. */
export type SealedManifest = Pick<VehicleManifest, 'envelope' | 'vehicleId' | 'primary'> & {
  /**
   * Once the Primary is known to have signed it: reading the rest is work. `most`: so many reports, however many there are.
   * @throws CodedError ManifestError `malformed_manifest`
   */
  readonly open: (most: number) => VehicleManifest;
};

/** One ECU signs with one key; whoever checks tries them all. */
const MANIFEST_LIMITS: Limits = { ...DEFAULT_LIMITS, signaturesPerDocument: 4 };

/** The `signed` part. */
export function vehicleVersionManifest(next: NextVehicleManifest): JsonObject {
  return jsonObject([
    ['custom', next.custom],
    ['ecu_version_manifests', jsonObject(next.reports)],
    ['installation_report', next.installationReport],
    ['primary_ecu_serial', next.primary],
    ['vehicle_id', next.vehicleId],
  ]);
}

/** All of it. @throws CodedError ManifestError `malformed_manifest` */
export function parseVehicleManifest(received: Uint8Array): VehicleManifest {
  return readSealedManifest(received).open(Infinity);
}

/** @throws CodedError ManifestError `malformed_manifest`; so does opening it */
export function readSealedManifest(received: Uint8Array): SealedManifest {
  return refusingMalformed(() => {
    const envelope = readEnvelope(received, MANIFEST_LIMITS);
    const { signedView } = envelope;
    const said = readObject(
      decodeMembers(signedView, ['primary_ecu_serial', 'vehicle_id'], 'signed'),
      'signed',
    );
    const vehicleId = readOptional(said, 'vehicle_id', readString);
    const sender = {
      envelope,
      primary: parseEcuSerial(readString(member(said, 'primary_ecu_serial'), 'primary_ecu_serial')),
      ...(vehicleId === undefined ? {} : { vehicleId }),
    };
    let opened: VehicleManifest | undefined;
    return {
      ...sender,
      open: (most) => (opened ??= refusingMalformed(() => ({ ...sender, ...readContent(signedView, most) }))),
    };
  });
}

function refusingMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read.';
    throw new CodedError('ManifestError', 'malformed_manifest', `The manifest is not acceptable: ${why}`, {
      cause,
    });
  }
}

function readContent(
  view: JsonView,
  most: number,
): Pick<VehicleManifest, 'ecus' | 'installationReport' | 'custom'> {
  if (viewsOfReports(view).drop(most).next().done !== true)
    throw inconsistent(`it has more than ${most} reports`);
  const signed = decodeOf(view, ['custom', 'installation_report']);
  const installationReport = readOptional(signed, 'installation_report', readInstallationReport);
  const custom = readOptional(signed, 'custom', readObject);
  const ecus = new Map<EcuSerial, EcuManifest>();
  for (const { listedAs, report } of viewsOfReports(view)) {
    const manifest = readEcu(report);
    addEcu(ecus, listedAs ?? manifest.report.ecuSerial, manifest);
  }
  return {
    ecus,
    ...(installationReport === undefined ? {} : { installationReport }),
    ...(custom === undefined ? {} : { custom }),
  };
}

type ListedReport = { readonly listedAs?: string; readonly report: JsonView };

// Version 1 sent an array under a singular name, later ones a map by serial.
function* viewsOfReports(signed: JsonView): Generator<ListedReport> {
  const map = findMember(signed, 'ecu_version_manifests');
  if (map === undefined) {
    const list = findMember(signed, 'ecu_version_manifest');
    const path = 'ecu_version_manifest';
    readArray(list === undefined ? undefined : decodeShort(list, path), path);
    if (list !== undefined) for (const at of items(list)) yield { report: { ...list, at } };
    return;
  }
  for (const { nameAt, valueAt } of members(readObjectView(map, 'ecu_version_manifests')))
    yield { listedAs: stringAt(map.bytes, nameAt), report: { ...map, at: valueAt } };
}

function addEcu(ecus: Map<EcuSerial, EcuManifest>, listedAs: string, manifest: EcuManifest): void {
  const serial = parseEcuSerial(listedAs);
  if (manifest.report.ecuSerial !== serial)
    throw inconsistent(`the report of "${serial}" speaks for another ECU`);
  if (ecus.has(serial)) throw inconsistent(`"${serial}" reports twice`);
  ecus.set(serial, manifest);
}

function readEcu(view: JsonView): EcuManifest {
  const envelope = readInnerEnvelope(view, MANIFEST_LIMITS);
  return { envelope, report: readEcuVersionReport(envelope.signed) };
}

function inconsistent(why: string): CodedError {
  return new CodedError('DecodeError', 'inconsistent', why);
}
