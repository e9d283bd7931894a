// View of Targets, top-level or delegated: images with length, hashes and custom data; and delegations.
// Source: Uptane Standard #targets_metadata, #custom_metadata
import { readDelegations, type Delegations } from './delegations.ts';
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHardwareList, readHeader, type Header } from './common.ts';
import type { StoredRole } from './filename.ts';
import { readTargetTable, type TargetTable } from './target-table.ts';
import type { RepositoryName } from '../errors.ts';
import { parseCorrelationId, type CorrelationId } from '../identifiers.ts';
import { readInteger, readObject, readOptional, readString } from '../json/decode.ts';
import {
  decode,
  decodeMembers,
  decodeIfAny,
  decodeShort,
  findMembers,
  readObjectView,
  type JsonView,
} from '../json/json-view.ts';
import { jsonObject, member, type JsonObject } from '../json/value.ts';

export type { TargetEntry } from './target-entry.ts';

export type Targets = Header & {
  readonly targets: TargetTable;
  readonly delegations?: Delegations;
  /** Director only: which assignment this is. */
  readonly correlationId?: CorrelationId;
  /** `custom` of the document itself, made whenever it is asked for. */
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
    const { signedView } = envelope;
    const parts = findMembers(signedView, ['custom', 'delegations', 'expires', 'targets', 'version']);
    const decoded = ['delegations', 'expires', 'version'].map(
      (name) => [name, decodeIfAny(parts.get(name))] as const,
    );
    const signed = jsonObject(decoded);
    const targets = readTargetTable(readObjectView(parts.get('targets'), 'targets'));
    const customView = readCustom(parts.get('custom'));
    const said = customView && readObject(decodeMembers(customView, ['correlationId'], 'custom'), 'custom');
    const correlationId = readOptional(said ?? NO_CUSTOM, 'correlationId', readString) ?? '';
    const delegations = readOptional(signed, 'delegations', (value) =>
      readDelegations(value, envelope.dialect),
    );
    return {
      ...readHeader(signed),
      targets,
      get custom() {
        return customView === undefined ? NO_CUSTOM : readObject(decode(customView), 'custom');
      },
      ...(delegations === undefined ? {} : { delegations }),
      ...(correlationId === '' ? {} : { correlationId: parseCorrelationId(correlationId) }),
    };
  });
}

/** Null is as good as none. */
function readCustom(found: JsonView | undefined): JsonView | undefined {
  if (found === undefined || decodeShort(found, 'custom') === null) return undefined;
  return readObjectView(found, 'custom');
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
  return readHardwareList(custom) ?? [];
}

export function readReleaseCounter(custom: JsonObject): number | undefined {
  return readOptional(custom, 'releaseCounter', readInteger);
}
