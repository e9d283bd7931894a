// SHA-256 and SHA-512 of bytes and of streams, as lower-case hex; as metadata list them, and when two sets of them agree.
// Source: Uptane Standard #common_metadata_structures (hashes)
import { createHash, type Hash } from 'node:crypto';
import { CodedError } from './errors.ts';
import { readObject, readString } from './json/decode.ts';
import { member, type JsonValue } from './json/value.ts';

export type HashAlgorithm = 'sha256' | 'sha512';
export type Hashes = { readonly sha256?: string; readonly sha512?: string };
export type Hasher = { update(chunk: Uint8Array): void; digest(): Hashes };

export const HASH_ALGORITHMS: readonly HashAlgorithm[] = ['sha256', 'sha512'];
export const HEX_LENGTH: Record<HashAlgorithm, number> = { sha256: 64, sha512: 128 };

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function hashBytes(bytes: Uint8Array): Required<Hashes> {
  return { sha256: sha256Hex(bytes), sha512: createHash('sha512').update(bytes).digest('hex') };
}

/** Hashes a stream chunk by chunk; `digest` ends it. */
export function createHasher(algorithms: readonly HashAlgorithm[] = HASH_ALGORITHMS): Hasher {
  const running: readonly (readonly [HashAlgorithm, Hash])[] = algorithms.map((name) => [
    name,
    createHash(name),
  ]);
  return {
    update(chunk) {
      for (const [, hash] of running) hash.update(chunk);
    },
    digest: () => Object.fromEntries(running.map(([name, hash]) => [name, hash.digest('hex')])),
  };
}

/** True when at least one algorithm is on both sides and every common one is equal. */
export function hashesAgree(a: Hashes, b: Hashes): boolean {
  const common = HASH_ALGORITHMS.filter((name) => a[name] !== undefined && b[name] !== undefined);
  return common.length > 0 && common.every((name) => a[name]?.toLowerCase() === b[name]?.toLowerCase());
}

/** Those of a known kind. */
export function listedAlgorithms(listed: Hashes): readonly HashAlgorithm[] {
  return HASH_ALGORITHMS.filter((name) => listed[name] !== undefined);
}

/** True when every hash that is listed was found, and one is; where hashes that agree may be those of one algorithm alone. */
export function areListed(found: Hashes, listed: Hashes): boolean {
  const algorithms = listedAlgorithms(listed);
  return (
    algorithms.length > 0 &&
    algorithms.every((name) => found[name]?.toLowerCase() === listed[name]?.toLowerCase())
  );
}

/** As metadata list them: known algorithms alone, lower-case; unknown ones are skipped. @throws CodedError DecodeError */
export function readHashes(value: JsonValue | undefined, path: string): Hashes {
  const object = readObject(value, path);
  const hashes: { -readonly [name in HashAlgorithm]?: string } = {};
  for (const name of HASH_ALGORITHMS) {
    const listed = member(object, name);
    if (listed === undefined) continue;
    const text = readString(listed, `${path}.${name}`).toLowerCase();
    if (text.length !== HEX_LENGTH[name] || !/^[0-9a-f]+$/.test(text)) throw notHex(`${path}.${name}`);
    hashes[name] = text;
  }
  return hashes;
}

function notHex(path: string): CodedError {
  return new CodedError('DecodeError', 'malformed', `"${path}" is not a hash in hexadecimal digits.`);
}
