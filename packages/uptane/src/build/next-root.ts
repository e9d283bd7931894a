// The unsigned next Root. Source: Uptane Standard #root_metadata
import { signedPart, type NextHeader } from './signed-part.ts';
import { CodedError } from '../errors.ts';
import type { KeyId } from '../identifiers.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';
import type { PublicKey } from '../keys/public-key.ts';

export type NextRoot = NextHeader & {
  readonly keys: ReadonlyMap<KeyId, PublicKey>;
  readonly roles: ReadonlyMap<string, { readonly keyIds: readonly KeyId[]; readonly threshold: number }>;
};

/** @throws CodedError BuildError, also for a role that names a key which is not there or too few of them */
export function nextRoot(next: NextRoot): JsonObject {
  for (const [name, role] of next.roles) {
    const missing = role.keyIds.find((id) => !next.keys.has(id));
    if (missing !== undefined)
      throw refuse('unknown_key', `The role ${name} names a key that Root does not list.`);
    const reachable = role.threshold >= 1 && role.threshold <= new Set(role.keyIds).size;
    if (!reachable) throw refuse('unreachable_threshold', `The role ${name} cannot meet its threshold.`);
  }
  const keys = [...next.keys].map(([id, key]): [string, JsonObject] => [
    id,
    jsonObject([
      ['keytype', key.keytype],
      ['keyval', jsonObject([['public', key.keyval.public]])],
    ]),
  ]);
  const roles = [...next.roles].map(([name, role]): [string, JsonObject] => [
    name,
    jsonObject([
      ['keyids', role.keyIds],
      ['threshold', role.threshold],
    ]),
  ]);
  return signedPart('Root', next, [
    ['consistent_snapshot', false],
    ['keys', jsonObject(keys)],
    ['roles', jsonObject(roles)],
  ]);
}

function refuse(code: string, message: string): CodedError {
  return new CodedError('BuildError', code, message);
}
