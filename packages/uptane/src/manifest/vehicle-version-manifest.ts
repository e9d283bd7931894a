// The vehicle's manifest: the reports of its ECUs, each signed by its ECU, under the Primary's signature. Built here as
// the `signed` part, and read here, in its older shapes too. Whose keys must have signed is the server's to know.
// Source: Uptane Standard #vehicle_version_manifest
import { readEcuVersionReport, type EcuVersionReport } from './ecu-version-report.ts';
import { readInstallationReport, type InstallationReport } from './installation-report.ts';
import { CodedError } from '../errors.ts';
import { parseEcuSerial, type EcuSerial } from '../identifiers.ts';
import { readArray, readObject, readOptional, readString } from '../json/decode.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';
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

/** @throws CodedError ManifestError `malformed_manifest` */
export function parseVehicleManifest(received: Uint8Array): VehicleManifest {
  try {
    return readManifest(readEnvelope(received));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read.';
    throw new CodedError('ManifestError', 'malformed_manifest', `The manifest is not acceptable: ${why}`, {
      cause,
    });
  }
}

function readManifest(envelope: Envelope): VehicleManifest {
  const { signed } = envelope;
  const vehicleId = readOptional(signed, 'vehicle_id', readString);
  const installationReport = readOptional(signed, 'installation_report', readInstallationReport);
  const custom = readOptional(signed, 'custom', readObject);
  return {
    envelope,
    primary: parseEcuSerial(readString(member(signed, 'primary_ecu_serial'), 'primary_ecu_serial')),
    ecus: readEcus(signed),
    ...(vehicleId === undefined ? {} : { vehicleId }),
    ...(installationReport === undefined ? {} : { installationReport }),
    ...(custom === undefined ? {} : { custom }),
  };
}

// Version 1 sent an array under a singular name, later ones a map by serial.
function readEcus(signed: JsonObject): ReadonlyMap<EcuSerial, EcuManifest> {
  const map = member(signed, 'ecu_version_manifests');
  const ecus = new Map<EcuSerial, EcuManifest>();
  if (map === undefined) {
    for (const value of readArray(member(signed, 'ecu_version_manifest'), 'ecu_version_manifest')) {
      const manifest = readEcu(value);
      addEcu(ecus, manifest.report.ecuSerial, manifest);
    }
    return ecus;
  }
  for (const [serial, value] of Object.entries(readObject(map, 'ecu_version_manifests')))
    addEcu(ecus, serial, readEcu(value));
  return ecus;
}

function addEcu(ecus: Map<EcuSerial, EcuManifest>, listedAs: string, manifest: EcuManifest): void {
  const serial = parseEcuSerial(listedAs);
  if (manifest.report.ecuSerial !== serial)
    throw inconsistent(`the report of "${serial}" speaks for another ECU`);
  if (ecus.has(serial)) throw inconsistent(`"${serial}" reports twice`);
  ecus.set(serial, manifest);
}

function readEcu(value: JsonValue): EcuManifest {
  const envelope = readInnerEnvelope(value);
  return { envelope, report: readEcuVersionReport(envelope.signed) };
}

function inconsistent(why: string): CodedError {
  return new CodedError('DecodeError', 'inconsistent', why);
}
