// One signature, one key, one message: does it hold? In Uptane the signature names its method, in TUF the key its scheme;
// either way the scheme has to fit the key, and it alone selects the algorithm. RSASSA-PSS may have any salt length.
// Source: Uptane Standard #crypto_and_identifiers; TUF specification 4.2
import { constants, createHash, verify } from 'node:crypto';
import { keyObject, type VerifyingKey } from './public-key.ts';
import { SCHEMES, type SignatureScheme } from './signature-scheme.ts';

/** `sig` in base64. */
export type SignatureText = { readonly method: string; readonly sig: string };

const METHODS: ReadonlyMap<string, SignatureScheme> = new Map([
  ['rsassa-pss', 'rsassa-pss-sha256'],
  ['rsassa-pss-sha256', 'rsassa-pss-sha256'],
  ['ed25519', 'ed25519'],
]);

/**
 * Signatures that held, by their key: one poll meets most of its documents twice, as stored and as received, and the next
 * poll meets them again. Large messages come rarely, and hashing them costs as much as verifying.
 */
const heldBefore = new WeakMap<VerifyingKey, Set<string>>();
const MAX_REMEMBERED = 16;
const MAX_REMEMBERED_BYTES = 64 * 1024;

export function isKnownMethod(method: string): boolean {
  return METHODS.has(method.toLowerCase());
}

/** False for everything that is not a valid signature, malformed text included; never throws for the signature's sake. */
export function verifySignature(key: VerifyingKey, signature: SignatureText, message: Uint8Array): boolean {
  const scheme = METHODS.get(signature.method.toLowerCase());
  const bytes = decoded(() => Uint8Array.fromBase64(signature.sig));
  return holds(key, { scheme, bytes }, message);
}

/** The same for a key that is bound to one scheme; `sig` in hexadecimal digits. */
export function verifyHexSignature(key: VerifyingKey, sig: string, message: Uint8Array): boolean {
  const bytes = decoded(() => Uint8Array.fromHex(sig));
  return holds(key, { scheme: key.scheme, bytes }, message);
}

type Attempt = { readonly scheme: SignatureScheme | undefined; readonly bytes: Uint8Array | undefined };

function holds(key: VerifyingKey, { scheme, bytes }: Attempt, message: Uint8Array): boolean {
  if (scheme === undefined || bytes === undefined || SCHEMES[scheme].keytype !== key.keytype) return false;
  if (message.byteLength > MAX_REMEMBERED_BYTES) return isValid(key, scheme, bytes, message);
  const known = heldBefore.get(key) ?? new Set();
  heldBefore.set(key, known);
  const digest = digestOf(scheme, bytes, message);
  if (known.has(digest)) return true;
  if (!isValid(key, scheme, bytes, message)) return false;
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.add(digest);
  return true;
}

function isValid(
  key: VerifyingKey,
  scheme: SignatureScheme,
  signature: Uint8Array,
  message: Uint8Array,
): boolean {
  const { keytype, hash, isPss } = SCHEMES[scheme];
  if (keytype === 'ED25519')
    return signature.length === 64 && verify(null, message, keyObject(key), signature);
  const padding = isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : {};
  return verify(hash, message, { key: keyObject(key), ...padding }, signature);
}

/** Of everything that the answer depends on besides the key. The JSON before the message ends where it ends. */
function digestOf(scheme: SignatureScheme, signature: Uint8Array, message: Uint8Array): string {
  return createHash('sha256')
    .update(JSON.stringify([scheme, signature.toHex()]))
    .update(message)
    .digest('base64');
}

function decoded(decode: () => Uint8Array): Uint8Array | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
