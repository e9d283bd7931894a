// The unsigned next Targets, of the Director, of the Image repository or of a delegated role. Source: Uptane Standard #targets_metadata
import { signedPart, type NextHeader } from './signed-part.ts';
import { CodedError } from '../errors.ts';
import type { Hashes } from '../hashes.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';

export type NextTarget = {
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly custom?: JsonObject;
};
export type NextTargets = NextHeader & {
  readonly targets: readonly NextTarget[];
  readonly custom?: JsonObject;
  readonly delegations?: JsonObject;
};

/** @throws CodedError BuildError, also when a name occurs twice or a target has no hash */
export function nextTargets(next: NextTargets): JsonObject {
  return signedPart('Targets', next, [
    ['targets', targetsObject(next.targets)],
    ['custom', next.custom],
    ['delegations', next.delegations],
  ]);
}

/** @throws CodedError BuildError when a name occurs twice or a target has no hash */
export function targetsObject(listed: readonly NextTarget[]): JsonObject {
  const targets = new Map<string, JsonObject>();
  for (const target of listed) {
    if (targets.has(target.name)) throw refuse('duplicate_target', `"${target.name}" is listed twice.`);
    targets.set(target.name, targetEntry(target));
  }
  return jsonObject(targets);
}

function targetEntry(target: NextTarget): JsonObject {
  if (target.hashes.sha256 === undefined && target.hashes.sha512 === undefined) {
    throw refuse('target_without_hash', `"${target.name}" has no hash.`);
  }
  return jsonObject([
    ['custom', target.custom],
    ['hashes', hashesObject(target.hashes)],
    ['length', target.lengthBytes],
  ]);
}

/** Hashes as metadata lists them. */
export function hashesObject(hashes: Hashes): JsonObject {
  return jsonObject([
    ['sha256', hashes.sha256?.toLowerCase()],
    ['sha512', hashes.sha512?.toLowerCase()],
  ]);
}

function refuse(code: string, message: string): CodedError {
  return new CodedError('BuildError', code, message);
}
