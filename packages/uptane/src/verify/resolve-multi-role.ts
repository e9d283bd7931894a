// What several roles say together: those agree that give an image the same length, hashes, hardware and release counter,
// and the same in every field that has to match. Of the sets that are large enough the one with the earliest role decides.
// Source: Uptane Standard #multirole_delegations; TAP 3; docs/adr/0013-delegations.md
import type { RepositoryName } from '../errors.ts';
import { canonicalText } from '../json/canonical-json.ts';
import { jsonObject, member, type JsonObject } from '../json/value.ts';
import { refusingMalformed } from '../metadata/envelope.ts';
import { readMustMatch } from '../metadata/common.ts';
import { readHardwareIds, readReleaseCounter, type TargetEntry } from '../metadata/targets.ts';
import type { FoundTarget } from './resolve-delegations.ts';

/**
 * `said`: by each role, in order; undefined where a role has nothing to say. What has not to match is the earliest
 * role's. undefined: no set of `agreement` roles says the same. @throws MetadataError SecurityException
 */
export function agreedEntry(
  said: readonly (FoundTarget | undefined)[],
  agreement: number,
  repository: RepositoryName,
): FoundTarget | undefined {
  const sets = new Map<string, FoundTarget[]>();
  for (const entry of said) {
    if (entry === undefined) continue;
    const statement = refusingMalformed({ role: entry.role, repository }, () => statementOf(entry));
    sets.set(statement, [...(sets.get(statement) ?? []), entry]);
  }
  // A map keeps the order in which its keys came: that of the earliest role of each set.
  return sets.values().find((entries) => entries.length >= agreement)?.[0];
}

/** Everything that has to be the same, as text. */
function statementOf({ name, lengthBytes, hashes, custom }: TargetEntry): string {
  const mustMatch = distinct(readMustMatch(custom));
  return canonicalText(
    jsonObject([
      ['name', name],
      ['length', lengthBytes],
      ['hashes', jsonObject(Object.entries(hashes))],
      ['hardwareIds', distinct(readHardwareIds(custom))],
      ['releaseCounter', readReleaseCounter(custom)],
      ['mustMatch', mustMatch],
      ['matched', matchedMembers(custom, mustMatch)],
    ]),
  );
}

function matchedMembers(custom: JsonObject, names: readonly string[]): JsonObject {
  return jsonObject(names.map((name) => [name, member(custom, name)]));
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
