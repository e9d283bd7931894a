// What every role states alike: version, expiry, and key lists with a threshold.
// Source: Uptane Standard #common_metadata_structures
import type { Dialect } from '../dialect/dialect.ts';
import { CodedError, MetadataError } from '../errors.ts';
import { readArray, readInteger, readObject, readOptional, readString, readStrings } from '../json/decode.ts';
import { canonicalText } from '../json/canonical-json.ts';
import { member, type JsonObject, type JsonValue } from '../json/value.ts';
import { parseKeyId, type KeyId } from '../identifiers.ts';
import type { VerifyingKey } from '../keys/public-key.ts';
import { parseInstant, type Instant } from '../time.ts';

export type Header = { readonly version: number; readonly expires: Instant };
export type RoleKeys = { readonly keyIds: readonly KeyId[]; readonly threshold: number };
export type KeyRing = ReadonlyMap<KeyId, VerifyingKey>;

const MAX_THRESHOLD = 1000;
/** Of one document: making them out of text takes longer than all else that is read. */
const MAX_KEYS = 1000;
const MAX_KEY_IDS = 1000;
const MAX_HARDWARE_IDS = 1000;
const MAX_MUST_MATCH = 100;
const MAX_KNOWN_KEYS = 256;
const MAX_KNOWN_TEXT = 4096; // an RSA key of 8192 bits has some 1500
const knownKeys = new Map<string, VerifyingKey>();

export function readHeader(signed: JsonObject): Header {
  return {
    version: readInteger(member(signed, 'version'), 'version', 1),
    expires: parseInstant(readString(member(signed, 'expires'), 'expires')),
  };
}

/** Without the keys that the dialect passes over. */
export function readKeyRing(value: JsonValue | undefined, path: string, dialect: Dialect): KeyRing {
  const ring = new Map<KeyId, VerifyingKey>();
  const entries = Object.entries(readObject(value, path));
  checkCount(entries.length, MAX_KEYS, path);
  for (const [id, listed] of entries) {
    const key = readKey(listed, dialect);
    const keyId = parseKeyId(id);
    if (key !== undefined) ring.set(keyId, key);
  }
  return ring;
}

/** A key that was read before is the same object again: reading one costs as much as verifying with it. */
function readKey(value: JsonValue, dialect: Dialect): VerifyingKey | undefined {
  const text = `${dialect.name} ${canonicalText(value)}`;
  const known = knownKeys.get(text);
  if (known !== undefined) return known;
  const key = dialect.readKey(value);
  if (key === undefined || text.length > MAX_KNOWN_TEXT) return key;
  if (knownKeys.size >= MAX_KNOWN_KEYS) knownKeys.clear();
  knownKeys.set(text, key);
  return key;
}

/** A role as a document lists it: where, what it is called there, and in which dialect. */
export type RolePlace = { readonly path: string; readonly title: string; readonly dialect: Dialect };

/** @throws MetadataError IllegalThreshold when it is not an integer of 1 to 1000 */
export function readRoleKeys(value: JsonValue | undefined, place: RolePlace): RoleKeys {
  const { path, title, dialect } = place;
  const object = readObject(value, path);
  const listed = readArray(member(object, 'keyids'), `${path}.keyids`);
  checkCount(listed.length, MAX_KEY_IDS, `${path}.keyids`);
  const keyIds = readStrings(listed, `${path}.keyids`).map(parseKeyId);
  if (!dialect.mayRepeatKeyIds && new Set(keyIds).size < keyIds.length)
    throw new CodedError('DecodeError', 'malformed', `"${path}.keyids" names a key id twice.`);
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

/** `hardwareIds`, of a delegation or of an image. Each is compared with others: their number is bounded. */
export function readHardwareList(object: JsonObject): readonly string[] | undefined {
  return readShortList(object, 'hardwareIds', MAX_HARDWARE_IDS);
}

/** Names of `custom` fields that have to be equal in both repositories. */
export function readMustMatch(custom: JsonObject): readonly string[] {
  return [...new Set(readShortList(custom, 'mustMatch', MAX_MUST_MATCH) ?? [])];
}

function readShortList(object: JsonObject, name: string, most: number): readonly string[] | undefined {
  const listed = readOptional(object, name, readArray);
  if (listed === undefined) return undefined;
  checkCount(listed.length, most, name);
  return readStrings(listed, name);
}

/** @throws CodedError DecodeError */
export function checkCount(found: number, most: number, path: string): void {
  if (found <= most) return;
  throw new CodedError('DecodeError', 'malformed', `"${path}" has ${found} entries; ${most} are the most.`);
}
