// One signature, one key, one message: does it hold? RSASSA-PSS with SHA-256 and any salt length, or pure Ed25519.
// The method has to fit the key's type; the key's type selects the algorithm. Source: Uptane Standard #crypto_and_identifiers
import { constants, verify } from 'node:crypto';
import { keyObject, type PublicKey } from './public-key.ts';

export type SignatureText = { readonly method: string; readonly sig: string };

const METHODS: ReadonlyMap<string, PublicKey['keytype']> = new Map([
  ['rsassa-pss', 'RSA'],
  ['rsassa-pss-sha256', 'RSA'],
  ['ed25519', 'ED25519'],
]);

export function isKnownMethod(method: string): boolean {
  return METHODS.has(method.toLowerCase());
}

/** False for everything that is not a valid signature, malformed text included; never throws for the signature's sake. */
export function verifySignature(key: PublicKey, signature: SignatureText, message: Uint8Array): boolean {
  if (METHODS.get(signature.method.toLowerCase()) !== key.keytype) return false;
  const bytes = decodeBase64(signature.sig);
  if (bytes === undefined) return false;
  if (key.keytype === 'ED25519') return bytes.length === 64 && verify(null, message, keyObject(key), bytes);
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return verify('sha256', message, { key: keyObject(key), ...pss }, bytes);
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
