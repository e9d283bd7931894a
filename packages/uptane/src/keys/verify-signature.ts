// One signature, one key, one message: does it hold? RSASSA-PSS with SHA-256 and any salt length, or pure Ed25519.
// The method has to fit the key's type; the key's type selects the algorithm. Source: Uptane Standard #crypto_and_identifiers
import { constants, createHash, verify } from 'node:crypto';
import { keyObject, type PublicKey } from './public-key.ts';

export type SignatureText = { readonly method: string; readonly sig: string };

const METHODS: ReadonlyMap<string, PublicKey['keytype']> = new Map([
  ['rsassa-pss', 'RSA'],
  ['rsassa-pss-sha256', 'RSA'],
  ['ed25519', 'ED25519'],
]);

/**
 * Signatures that held, by their key: one poll meets most of its documents twice, as stored and as received, and the next
 * poll meets them again. Large messages come rarely, and hashing them costs as much as verifying.
 */
const heldBefore = new WeakMap<PublicKey, Set<string>>();
const MAX_REMEMBERED = 16;
const MAX_REMEMBERED_BYTES = 64 * 1024;

export function isKnownMethod(method: string): boolean {
  return METHODS.has(method.toLowerCase());
}

/** False for everything that is not a valid signature, malformed text included; never throws for the signature's sake. */
export function verifySignature(key: PublicKey, signature: SignatureText, message: Uint8Array): boolean {
  if (message.byteLength > MAX_REMEMBERED_BYTES) return isValid(key, signature, message);
  const known = heldBefore.get(key) ?? new Set();
  heldBefore.set(key, known);
  const digest = digestOf(signature, message);
  if (known.has(digest)) return true;
  if (!isValid(key, signature, message)) return false;
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.add(digest);
  return true;
}

function isValid(key: PublicKey, signature: SignatureText, message: Uint8Array): boolean {
  if (METHODS.get(signature.method.toLowerCase()) !== key.keytype) return false;
  const bytes = decodeBase64(signature.sig);
  if (bytes === undefined) return false;
  if (key.keytype === 'ED25519') return bytes.length === 64 && verify(null, message, keyObject(key), bytes);
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return verify('sha256', message, { key: keyObject(key), ...pss }, bytes);
}

/** Of everything that the answer depends on besides the key. The JSON before the message ends where it ends. */
function digestOf({ method, sig }: SignatureText, message: Uint8Array): string {
  return createHash('sha256')
    .update(JSON.stringify([method, sig]))
    .update(message)
    .digest('base64');
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
