// Public keys as TUF writes them: `{keytype, scheme, keyval: {public}}`. What we cannot use is unknown, not wrong: it never
// counts, and refuses no document, because repositories list keys of kinds that only other clients know.
// Source: TUF specification 4.2
import { CodedError } from '../errors.ts';
import { readObject, readString } from '../json/decode.ts';
import { member, type JsonValue } from '../json/value.ts';
import { keyObject, type VerifyingKey } from './public-key.ts';
import { isSignatureScheme, SCHEMES } from './signature-scheme.ts';

/** ECDSA has two names of old that say the curve. */
const KEY_TYPES: ReadonlyMap<string, VerifyingKey['keytype']> = new Map([
  ['rsa', 'RSA'],
  ['ed25519', 'ED25519'],
  ['ecdsa', 'ECDSA'],
  ['ecdsa-sha2-nistp256', 'ECDSA'],
  ['ecdsa-sha2-nistp384', 'ECDSA'],
]);

/** undefined: a key that we cannot use. @throws CodedError DecodeError when it is not a key object at all */
export function readTufKey(value: JsonValue): VerifyingKey | undefined {
  const object = readObject(value, 'key');
  const keytype = KEY_TYPES.get(readString(member(object, 'keytype'), 'keytype'));
  const scheme = readString(member(object, 'scheme'), 'scheme');
  const text = member(readObject(member(object, 'keyval'), 'keyval'), 'public');
  if (keytype === undefined || typeof text !== 'string' || !isSignatureScheme(scheme)) return undefined;
  const key: VerifyingKey = { keytype, scheme, keyval: { public: text } };
  return SCHEMES[scheme].keytype === keytype && isUsable(key) ? key : undefined;
}

function isUsable(key: VerifyingKey): boolean {
  try {
    keyObject(key);
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.family === 'KeyError') return false;
    throw error;
  }
}
