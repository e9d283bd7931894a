// What a file says of another one: its version, and how long it is and how it hashes, as far as the dialect wants to know.
// Source: Uptane Standard #snapshot_metadata, #timestamp_metadata; TUF specification 4.4, 4.5
import { CodedError } from '../errors.ts';
import { createHasher, HASH_ALGORITHMS, hashesAgree, readHashes, type Hashes } from '../hashes.ts';
import { readInteger, readObject } from '../json/decode.ts';
import { isJsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';

/** What is absent is not compared. */
export type Listing = { readonly version: number; readonly lengthBytes?: number; readonly hashes?: Hashes };

/** The bytes of a file, as they came and in canonical form. */
export type ListedFile = { readonly received: Uint8Array; readonly documentBytes: Uint8Array };

/** Length and a known hash have to be there. */
export function readFullListing(value: JsonValue | undefined, path: string): Listing {
  const entry = readObject(value, path);
  const hashes = readKnownHashes(member(entry, 'hashes'), `${path}.hashes`);
  const version = readVersion(entry, path);
  return { version, lengthBytes: readInteger(member(entry, 'length'), `${path}.length`), hashes };
}

/** Hashes where there are any. A length is not looked at: originals never did, so servers may be wrong there. */
export function readLooseListing(value: JsonValue | undefined, path: string): Listing {
  const entry = readObject(value, path);
  const hashes = member(entry, 'hashes');
  const version = readVersion(entry, path);
  return isJsonObject(hashes) ? { version, hashes: readHashes(hashes, `${path}.hashes`) } : { version };
}

/** Whatever is there has to be of use: hashes of unknown kinds alone would look like a check and be none. */
export function readOptionalListing(value: JsonValue | undefined, path: string): Listing {
  const entry = readObject(value, path);
  const [length, hashes] = [member(entry, 'length'), member(entry, 'hashes')];
  return {
    version: readVersion(entry, path),
    ...(length === undefined ? {} : { lengthBytes: readInteger(length, `${path}.length`) }),
    ...(hashes === undefined ? {} : { hashes: readKnownHashes(hashes, `${path}.hashes`) }),
  };
}

/** Hashes hold for the bytes that came or for their canonical form, which originals hash. */
export function isListedInEitherForm({ received, documentBytes }: ListedFile, { hashes }: Listing): boolean {
  if (hashes === undefined || isHashed(received, hashes)) return true;
  return documentBytes !== received && isHashed(documentBytes, hashes);
}

/** Whatever is listed holds for the bytes that came. */
export function isListedAsReceived({ received }: ListedFile, { lengthBytes, hashes }: Listing): boolean {
  if (lengthBytes !== undefined && lengthBytes !== received.byteLength) return false;
  return hashes === undefined || isHashed(received, hashes);
}

function isHashed(bytes: Uint8Array, listed: Hashes): boolean {
  const hasher = createHasher(HASH_ALGORITHMS.filter((name) => listed[name] !== undefined));
  hasher.update(bytes);
  return hashesAgree(listed, hasher.digest());
}

function readVersion(entry: JsonObject, path: string): number {
  return readInteger(member(entry, 'version'), `${path}.version`, 1);
}

function readKnownHashes(value: JsonValue | undefined, path: string): Hashes {
  const hashes = readHashes(value, path);
  if (HASH_ALGORITHMS.some((name) => hashes[name] !== undefined)) return hashes;
  throw new CodedError('DecodeError', 'malformed', `"${path}" lists no hash of a known kind.`);
}
