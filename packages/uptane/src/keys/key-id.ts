// Two ways to name a key: the repositories' (hash of the DER key) and the client's (hash of the key's text). Whether
// two keys are the same key is asked of the first, which does not depend on how the text is written.
// Source: ota-tuf's key ids; the original's KeyId; Uptane Standard #common_metadata_structures (public key identifier)
import { sha256Hex } from '../hashes.ts';
import { parseKeyId, type KeyId } from '../identifiers.ts';
import { canonicalBytes } from '../json/canonical-json.ts';
import { keyObject, type VerifyingKey } from './public-key.ts';

const repositoryIds = new WeakMap<VerifyingKey, KeyId>();

/** SHA-256 of the DER SubjectPublicKeyInfo, as the repositories name keys. */
export function repositoryKeyId(key: VerifyingKey): KeyId {
  const known = repositoryIds.get(key);
  if (known !== undefined) return known;
  const id = parseKeyId(sha256Hex(keyObject(key).export({ format: 'der', type: 'spki' })));
  repositoryIds.set(key, id);
  return id;
}

/** SHA-256 of the canonical JSON string of the key's text without trailing newlines, as the client names its own key. */
export function clientKeyId(key: VerifyingKey): KeyId {
  return parseKeyId(sha256Hex(canonicalBytes(key.keyval.public.replace(/\n+$/, ''))));
}

/** The same key, under whatever id and however written. */
export function isSameKey(a: VerifyingKey, b: VerifyingKey): boolean {
  return repositoryKeyId(a) === repositoryKeyId(b);
}
