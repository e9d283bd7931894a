// What every role states alike: version, expiry, and key lists with a threshold.
// Source: Uptane Standard #common_metadata_structures
import { CodedError, MetadataError } from '../errors.ts';
import { readInteger, readObject, readString, readStrings } from '../json/decode.ts';
import { canonicalText } from '../json/canonical-json.ts';
import { isJsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';
import { parseKeyId, type KeyId } from '../identifiers.ts';
import { parsePublicKey, type PublicKey } from '../keys/public-key.ts';
import { HASH_ALGORITHMS, type HashAlgorithm, type Hashes } from '../hashes.ts';
import { parseInstant, type Instant } from '../time.ts';

export type Header = { readonly version: number; readonly expires: Instant };
export type RoleKeys = { readonly keyIds: readonly KeyId[]; readonly threshold: number };
export type KeyRing = ReadonlyMap<KeyId, PublicKey>;

export const HEX_LENGTH: Record<HashAlgorithm, number> = { sha256: 64, sha512: 128 };
const MAX_THRESHOLD = 1000;
const MAX_KNOWN_KEYS = 256;
const MAX_KNOWN_TEXT = 4096; // an RSA key of 8192 bits has some 1500
const knownKeys = new Map<string, PublicKey>();

export function readHeader(signed: JsonObject): Header {
  return {
    version: readInteger(member(signed, 'version'), 'version', 1),
    expires: parseInstant(readString(member(signed, 'expires'), 'expires')),
  };
}

/** One key of an unknown kind refuses the document, as it does in the original. */
export function readKeyRing(value: JsonValue | undefined, path: string): KeyRing {
  const entries = Object.entries(readObject(value, path));
  return new Map(entries.map(([id, key]) => [parseKeyId(id), readKey(key)]));
}

/** A key that was read before is the same object again: reading one costs as much as verifying with it. */
function readKey(value: JsonValue): PublicKey {
  const text = canonicalText(value);
  const known = knownKeys.get(text);
  if (known !== undefined) return known;
  const key = parsePublicKey(value);
  if (text.length > MAX_KNOWN_TEXT) return key;
  if (knownKeys.size >= MAX_KNOWN_KEYS) knownKeys.clear();
  knownKeys.set(text, key);
  return key;
}

/** @throws MetadataError IllegalThreshold when it is not an integer of 1 to 1000 */
export function readRoleKeys(value: JsonValue | undefined, name: string, title: string): RoleKeys {
  const object = readObject(value, name);
  const keyIds = readStrings(member(object, 'keyids'), `${name}.keyids`).map(parseKeyId);
  const threshold = member(object, 'threshold');
  if (
    typeof threshold === 'number' &&
    Number.isInteger(threshold) &&
    threshold >= 1 &&
    threshold <= MAX_THRESHOLD
  ) {
    return { keyIds, threshold };
  }
  throw new MetadataError(
    'IllegalThreshold',
    `The threshold of ${title} is not a number of 1 to ${MAX_THRESHOLD}.`,
    {
      role: title,
    },
  );
}

/** Known algorithms alone, lower-case; unknown ones are skipped. */
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

export function readOptionalHashes(value: JsonValue | undefined, path: string): Hashes | undefined {
  return isJsonObject(value) ? readHashes(value, path) : undefined;
}

function notHex(path: string): CodedError {
  return new CodedError('DecodeError', 'malformed', `"${path}" is not a hash in hexadecimal digits.`);
}
