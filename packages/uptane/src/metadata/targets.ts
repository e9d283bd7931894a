// View of Targets, top-level or delegated: images with length, hashes and custom data; and delegations.
// Source: Uptane Standard #targets_metadata, #custom_metadata
import { readDelegations, type Delegations } from './delegations.ts';
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHashes, readHeader, type Header } from './common.ts';
import type { StoredRole } from './filename.ts';
import type { RepositoryName } from '../errors.ts';
import type { Hashes } from '../hashes.ts';
import { parseCorrelationId, parseTargetName, type CorrelationId, type TargetName } from '../identifiers.ts';
import { readInteger, readObject, readOptional, readString, readStrings } from '../json/decode.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';

export type TargetEntry = {
  readonly name: TargetName;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  /** Empty when there is none. */
  readonly custom: JsonObject;
};

export type Targets = Header & {
  readonly targets: ReadonlyMap<string, TargetEntry>;
  readonly delegations?: Delegations;
  /** Director only: which assignment this is. */
  readonly correlationId?: CorrelationId;
  /** `custom` of the document itself. */
  readonly custom: JsonObject;
};

const NO_CUSTOM = jsonObject([]);

/** @throws MetadataError SecurityException, IllegalThreshold */
export function parseTargets(
  envelope: Envelope,
  repository?: RepositoryName,
  role: Extract<StoredRole, 'targets' | object> = 'targets',
): Targets {
  const origin: DocumentOrigin = { role, ...(repository === undefined ? {} : { repository }) };
  return refusingMalformed(origin, () => {
    const targets = new Map<string, TargetEntry>();
    for (const [name, value] of Object.entries(readObject(member(envelope.signed, 'targets'), 'targets'))) {
      targets.set(name, readTarget(name, value));
    }
    const custom = readOptional(envelope.signed, 'custom', readObject) ?? NO_CUSTOM;
    const correlationId = readOptional(custom, 'correlationId', readString) ?? '';
    const delegations = readOptional(envelope.signed, 'delegations', readDelegations);
    return {
      ...readHeader(envelope.signed),
      targets,
      custom,
      ...(delegations === undefined ? {} : { delegations }),
      ...(correlationId === '' ? {} : { correlationId: parseCorrelationId(correlationId) }),
    };
  });
}

/** `custom.ecuIdentifiers` of a Director's target: ECU serial → hardware id. */
export function readEcuIdentifiers(custom: JsonObject): ReadonlyMap<string, string> {
  const ecus = readOptional(custom, 'ecuIdentifiers', readObject) ?? NO_CUSTOM;
  const entries = Object.entries(ecus).map(([serial, value]): [string, string] => {
    const hardwareId = member(readObject(value, `ecuIdentifiers["${serial}"]`), 'hardwareId');
    return [serial, readString(hardwareId, `ecuIdentifiers["${serial}"].hardwareId`)];
  });
  return new Map(entries);
}

/** `custom.hardwareIds` of an Image repository's target. */
export function readHardwareIds(custom: JsonObject): readonly string[] {
  return readOptional(custom, 'hardwareIds', readStrings) ?? [];
}

export function readReleaseCounter(custom: JsonObject): number | undefined {
  return readOptional(custom, 'releaseCounter', readInteger);
}

function readTarget(name: string, value: JsonValue): TargetEntry {
  const path = `targets["${name.slice(0, 80)}"]`;
  const object = readObject(value, path);
  return {
    name: parseTargetName(name),
    lengthBytes: readInteger(member(object, 'length'), `${path}.length`),
    hashes: readHashes(member(object, 'hashes'), `${path}.hashes`),
    custom: readOptional(object, 'custom', readObject) ?? NO_CUSTOM,
  };
}
