// What one ECU reports of itself: the `signed` part to be signed with the ECU's key, and the view of one that arrived.
// Times are the last two that were attested; the original's constant where there are none. Source: Uptane Standard #version_report
import { CodedError } from '../errors.ts';
import { readHashes, type Hashes } from '../hashes.ts';
import { readInteger, readObject, readOptional, readString } from '../json/decode.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';
import { formatInstant, parseInstant, type Instant } from '../time.ts';

export type InstalledImage = {
  readonly name: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  /** Where metadata list it alone. */
  readonly sha512?: string;
};
export type EcuVersion = {
  readonly ecuSerial: string;
  readonly installed: InstalledImage;
  /** Free text; empty when none was seen. */
  readonly attacksDetected: string;
  /** Primary only; goes out as a decimal string. */
  readonly reportCounter?: number;
  /** The latest time that this ECU could verify, and the one before it. */
  readonly attestedTime?: Instant;
  readonly previousAttestedTime?: Instant;
};

/** A report that arrived. */
export type EcuVersionReport = {
  readonly ecuSerial: string;
  readonly installed: { readonly name: string; readonly lengthBytes: number; readonly hashes: Hashes };
  readonly attacksDetected: string;
  readonly reportCounter?: number;
  /** Absent when the ECU could verify none, as originals never can. */
  readonly attestedTime?: Instant;
  readonly previousAttestedTime?: Instant;
  /** Older clients report the result here. */
  readonly operationResult?: JsonObject;
};

const NO_TIME = '1970-01-01T00:00:00Z';

export function ecuVersionReport(version: EcuVersion): JsonObject {
  const { installed } = version;
  const hashes = jsonObject([
    ['sha256', installed.sha256.toLowerCase()],
    ['sha512', installed.sha512?.toLowerCase()],
  ]);
  const fileinfo = jsonObject([
    ['hashes', hashes],
    ['length', installed.lengthBytes],
  ]);
  return jsonObject([
    ['attacks_detected', version.attacksDetected],
    ['ecu_serial', version.ecuSerial],
    [
      'installed_image',
      jsonObject([
        ['fileinfo', fileinfo],
        ['filepath', installed.name],
      ]),
    ],
    ['previous_timeserver_time', timeText(version.previousAttestedTime)],
    ['report_counter', version.reportCounter === undefined ? undefined : String(version.reportCounter)],
    ['timeserver_time', timeText(version.attestedTime)],
  ]);
}

function timeText(time: Instant | undefined): string {
  return time === undefined ? NO_TIME : formatInstant(time);
}

/** @throws CodedError DecodeError */
export function readEcuVersionReport(signed: JsonObject): EcuVersionReport {
  const image = readObject(member(signed, 'installed_image'), 'installed_image');
  const fileinfo = readObject(member(image, 'fileinfo'), 'installed_image.fileinfo');
  const reportCounter = readOptional(signed, 'report_counter', readCounter);
  const attestedTime = readTime(signed, 'timeserver_time');
  const previousAttestedTime = readTime(signed, 'previous_timeserver_time');
  const custom = readOptional(signed, 'custom', readObject);
  const operationResult =
    custom === undefined ? undefined : readOptional(custom, 'operation_result', readObject);
  return {
    ecuSerial: readString(member(signed, 'ecu_serial'), 'ecu_serial'),
    installed: {
      name: readString(member(image, 'filepath'), 'installed_image.filepath'),
      lengthBytes: readInteger(member(fileinfo, 'length'), 'installed_image.fileinfo.length'),
      hashes: readHashes(member(fileinfo, 'hashes'), 'installed_image.fileinfo.hashes'),
    },
    attacksDetected: readOptional(signed, 'attacks_detected', readString) ?? '',
    ...(reportCounter === undefined ? {} : { reportCounter }),
    ...(attestedTime === undefined ? {} : { attestedTime }),
    ...(previousAttestedTime === undefined ? {} : { previousAttestedTime }),
    ...(operationResult === undefined ? {} : { operationResult }),
  };
}

/** A time that says nothing must not cost the report: originals send a constant, and others may send what they like. */
function readTime(signed: JsonObject, name: string): Instant | undefined {
  const text = member(signed, name);
  if (typeof text !== 'string' || text === NO_TIME) return undefined;
  try {
    return parseInstant(text);
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

function readCounter(value: JsonValue, path: string): number {
  if (typeof value === 'number') return readInteger(value, path);
  const text = readString(value, path);
  const counter = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(counter)) return counter;
  throw new CodedError('DecodeError', 'malformed', `"${path}" is not a counter.`);
}
