// What the Secondaries say of themselves: each report verbatim, when the ECU it names has signed it; the last good one when
// a Secondary does not answer. Of whom there is neither, the manifest says so in words: no ECU is passed over in silence.
// client-protocol 5.1; client-features SEC-10, W-02; Uptane Standard #construct_manifest_primary.
import {
  CodedError,
  isJsonObject,
  jsonObject,
  member,
  parseStrictJson,
  parseVehicleManifest,
  vehicleVersionManifest,
  verifySignature,
  canonicalBytes,
  type EcuManifest,
  type EcuSerial,
  type JsonValue,
  type PublicKey,
} from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import type { Secondary } from '../ports.ts';
import type { StepContext } from '../steps/context.ts';

export type SecondaryReports = {
  /** Signed, as JSON. */
  readonly reports: ReadonlyMap<EcuSerial, JsonValue>;
  /** Why there is no fresh report of an ECU. */
  readonly silent: ReadonlyMap<EcuSerial, string>;
};

/** Side by side; waits for each as long as its guard does. */
export async function gatherSecondaryReports(context: StepContext): Promise<SecondaryReports> {
  const { identity } = context.storage;
  const reports = new Map<EcuSerial, JsonValue>();
  const silent = new Map<EcuSerial, string>();
  const serials = identity.ecus().flatMap(({ serial, isPrimary }) => (isPrimary ? [] : [serial]));
  const answers = await Promise.all(serials.map((serial) => askFor(context, serial)));
  for (const [index, serial] of serials.entries()) {
    const answer = answers[index];
    if (typeof answer === 'string') silent.set(serial, answer);
    else if (answer !== undefined) {
      reports.set(serial, answer.json);
      continue;
    }
    const cached = context.storage.secondaries.manifest(serial);
    if (cached !== undefined) reports.set(serial, parseStrictJson(cached));
  }
  return { reports, silent };
}

/** What the Director learns from them, without signatures and counters. */
export function contentOfReports({ reports, silent }: SecondaryReports): JsonValue {
  const said = [...reports].map(([serial, report]): JsonValue => {
    const signed = isJsonObject(report) ? member(report, 'signed') : undefined;
    if (!isJsonObject(signed)) return [serial];
    return [serial, member(signed, 'installed_image') ?? '', member(signed, 'attacks_detected') ?? ''];
  });
  return [said, [...silent]];
}

/** A report that was verified, or why there is none. */
async function askFor(
  context: StepContext,
  serial: EcuSerial,
): Promise<{ readonly json: JsonValue } | string> {
  const secondary = context.secondaries.get(serial);
  if (secondary === undefined) return 'not plugged in';
  try {
    const { bytes } = await freshReport(context, secondary);
    return { json: parseStrictJson(bytes) };
  } catch (error) {
    if (!(error instanceof SecondaryError)) throw error;
    context.log('warning', `No report of ${serial}: ${error.message}`);
    return error.code === 'unreachable' ? 'unreachable' : 'no valid report';
  }
}

/** Asked now, verified and kept. @throws SecondaryError `unreachable`; `failed` when it is none of this ECU's */
export async function freshReport(
  { gate, storage }: StepContext,
  secondary: Secondary,
): Promise<{ readonly bytes: Uint8Array; readonly report: EcuManifest['report'] }> {
  const { serial, publicKey } = secondary.identity;
  const bytes = await secondary.manifest(gate.runningSignal() ?? new AbortController().signal);
  const report = verifiedReport(bytes, serial, publicKey);
  const kept = storage.secondaries.manifest(serial);
  if (kept === undefined || Buffer.compare(kept, bytes) !== 0)
    storage.secondaries.saveManifest(serial, bytes);
  return { bytes, report };
}

function verifiedReport(bytes: Uint8Array, serial: EcuSerial, publicKey: PublicKey): EcuManifest['report'] {
  const found = readReport(bytes, serial);
  if (!found.envelope.signatures.some((one) => verifySignature(publicKey, one, found.envelope.signedBytes))) {
    throw refused(serial, 'its signature is not of the key that was registered');
  }
  return found.report;
}

/** By the reader of manifests, so that what we send is what a server can read. */
function readReport(bytes: Uint8Array, serial: EcuSerial): EcuManifest {
  try {
    const reports = new Map([[serial, parseStrictJson(bytes)]]);
    const signed = vehicleVersionManifest({ primary: serial, reports });
    const manifest = canonicalBytes(
      jsonObject([
        ['signatures', []],
        ['signed', signed],
      ]),
    );
    const ecu = parseVehicleManifest(manifest).ecus.get(serial);
    if (ecu !== undefined) return ecu;
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw refused(serial, cause.message, cause);
  }
  throw refused(serial, 'it is of another ECU');
}

function refused(serial: string, why: string, cause?: unknown): SecondaryError {
  return new SecondaryError('failed', `The report of ${serial} is not acceptable: ${why}.`, {
    cause,
    details: { ecu: serial },
  });
}
