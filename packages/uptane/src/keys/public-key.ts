// Public keys as they stand in metadata: RSA and ECDSA as PEM, Ed25519 as hex, the text kept as received because key ids
// of the original are hashes of that text. Weak ones are refused here, once: RSA below 2048 bits or of odd form, Ed25519
// points of small order or written in a second way. Source: Uptane Standard #crypto_and_identifiers
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CodedError } from '../errors.ts';
import { readObject, readString } from '../json/decode.ts';
import { member, type JsonValue } from '../json/value.ts';
import { quoted } from '../quoted.ts';
import { SCHEMES, type SignatureScheme } from './signature-scheme.ts';

/** The wire form. `keyval.public` is exactly what was received. */
export type PublicKey = {
  readonly keytype: 'RSA' | 'ED25519';
  readonly keyval: { readonly public: string };
};

/** What signatures are verified with: a key of either dialect. */
export type VerifyingKey = {
  readonly keytype: PublicKey['keytype'] | 'ECDSA';
  readonly keyval: PublicKey['keyval'];
  /** In TUF a key is bound to one; in Uptane the signature names it. */
  readonly scheme?: SignatureScheme;
};

const ED25519_SPKI_PREFIX = Uint8Array.fromHex('302a300506032b6570032100');
const FIELD_PRIME = 2n ** 255n - 19n;
// y of every point of order 1, 2, 4 and 8: signatures under such a "key" can be made by anybody.
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS = 8192; // beyond it one verification costs a small device seconds
/** As many bits as a large exponent has, so many times longer takes a verification. Honest keys have 3 or 65537. */
const RSA_MAX_EXPONENT = 2n ** 32n;

const keyObjects = new WeakMap<VerifyingKey, KeyObject>();

/** @throws CodedError KeyError (`unsupported_key_type`, `weak_key`, `malformed_key`) or DecodeError */
export function parsePublicKey(value: JsonValue): PublicKey {
  const object = readObject(value, 'key');
  const keytype = readString(member(object, 'keytype'), 'keytype').toUpperCase();
  const text = readString(member(readObject(member(object, 'keyval'), 'keyval'), 'public'), 'keyval.public');
  if (keytype !== 'RSA' && keytype !== 'ED25519') {
    throw refuse('unsupported_key_type', `Key type "${quoted(keytype, 20)}" is not supported.`);
  }
  const key: PublicKey = { keytype, keyval: { public: text } };
  keyObject(key);
  return key;
}

/** The key in the form of the crypto library, checked; kept as long as the key lives. */
export function keyObject(key: VerifyingKey): KeyObject {
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  const made = makeKeyObject(key);
  keyObjects.set(key, made);
  return made;
}

function makeKeyObject({ keytype, scheme, keyval }: VerifyingKey): KeyObject {
  if (keytype === 'ED25519') return ed25519Key(keyval.public);
  return keytype === 'RSA' ? rsaKey(keyval.public) : ecdsaKey(keyval.public, scheme);
}

function rsaKey(pem: string): KeyObject {
  const key = pemKey(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  if (key.asymmetricKeyType !== 'rsa')
    throw refuse('malformed_key', 'A key said to be RSA is of another kind.');
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    throw refuse('weak_key', `An RSA key of ${bits} bits is not accepted.`);
  if (exponent < 3n || exponent % 2n === 0n || exponent > RSA_MAX_EXPONENT)
    throw refuse('weak_key', 'The exponent of an RSA key is not accepted.');
  return key;
}

function ecdsaKey(pem: string, scheme: SignatureScheme | undefined): KeyObject {
  const key = pemKey(pem);
  const curve = scheme === undefined ? undefined : SCHEMES[scheme].curve;
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== curve)
    throw refuse('malformed_key', 'An ECDSA key is of another kind or curve than its scheme.');
  // A point can be written in two ways; which key it is must not depend on that.
  return createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
}

function pemKey(pem: string): KeyObject {
  // The library would also take a private key or a certificate here.
  if (!/^-----BEGIN (?:RSA )?PUBLIC KEY-----[\r\n]/.test(pem))
    throw refuse('malformed_key', 'A key is not a PEM public key.');
  return importKey(() => createPublicKey(pem));
}

function ed25519Key(hex: string): KeyObject {
  if (!/^[0-9a-fA-F]{64}$/.test(hex))
    throw refuse('malformed_key', 'An Ed25519 key is not 64 hexadecimal digits.');
  const raw = Uint8Array.fromHex(hex);
  const y = BigInt(`0x${raw.toReversed().toHex()}`) & (2n ** 255n - 1n); // the top bit is the sign of x
  if (y >= FIELD_PRIME) throw refuse('malformed_key', 'An Ed25519 key is not in its canonical form.');
  if (SMALL_ORDER_Y.has(y)) throw refuse('weak_key', 'An Ed25519 key is a point of small order.');
  const der = new Uint8Array([...ED25519_SPKI_PREFIX, ...raw]);
  return importKey(() => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
}

function importKey(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new CodedError('KeyError', 'malformed_key', 'A public key cannot be read.', { cause });
  }
}

function refuse(code: string, message: string): CodedError {
  return new CodedError('KeyError', code, message);
}
