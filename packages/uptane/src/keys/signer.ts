// Signing: the port that a file key, a token or a remote key service implements, the implementation over a key in
// memory, and the signed envelope. Source: Uptane Standard #common_metadata_structures (signatures)
import { constants, createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { CodedError } from '../errors.ts';
import type { KeyId } from '../identifiers.ts';
import { canonicalBytes } from '../json/canonical-json.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';
import { clientKeyId } from './key-id.ts';
import { keyObject, type PublicKey } from './public-key.ts';

/** Signs with one key. May block on hardware or network; safe to repeat; throws CodedError KeyError. */
export type Signer = {
  readonly keyId: KeyId;
  readonly method: 'rsassa-pss' | 'ed25519';
  sign(message: Uint8Array): Promise<Uint8Array>;
};

const ED25519_PKCS8_PREFIX = Uint8Array.fromHex('302e020100300506032b657004220420');

/**
 * A signer over a private key in memory: PEM for RSA, 64 or 128 hex digits (seed, or seed and public key) for Ed25519.
 * The key id is the client's unless one is given. @throws CodedError KeyError when the two halves do not belong together
 */
export function createSigner(
  publicKey: PublicKey,
  privateKey: string,
  keyId: KeyId = clientKeyId(publicKey),
): Signer {
  const key = readPrivateKey(publicKey, privateKey);
  const isRsa = publicKey.keytype === 'RSA';
  const options = isRsa
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key };
  return {
    keyId,
    method: isRsa ? 'rsassa-pss' : 'ed25519',
    sign(message) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      sign(isRsa ? 'sha256' : null, message, options, (error, signature) => {
        if (error === null) resolve(new Uint8Array(signature));
        else
          reject(new CodedError('KeyError', 'signing_failed', 'The key could not sign.', { cause: error }));
      });
      return promise;
    },
  };
}

/** Canonical bytes of `{"signatures":[…],"signed":…}`; what is signed is the canonical form of `signed`. */
export async function signEnvelope(signed: JsonObject, signers: readonly Signer[]): Promise<Uint8Array> {
  const message = canonicalBytes(signed);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: signer.keyId,
      method: signer.method,
      sig: (await signer.sign(message)).toBase64(),
    })),
  );
  return canonicalBytes(
    jsonObject([
      ['signatures', signatures],
      ['signed', signed],
    ]),
  );
}

function readPrivateKey(publicKey: PublicKey, privateKey: string): KeyObject {
  const key = importPrivateKey(publicKey, privateKey);
  if (publicPart(key) !== publicPart(keyObject(publicKey))) {
    throw new CodedError(
      'KeyError',
      'key_halves_differ',
      'The private key does not belong to the public key.',
    );
  }
  return key;
}

// The cause is left out on purpose: the library's text may quote key material.
function importPrivateKey(publicKey: PublicKey, text: string): KeyObject {
  if (publicKey.keytype === 'ED25519' && !/^(?:[0-9a-fA-F]{64}){1,2}$/.test(text)) throw unreadable();
  try {
    if (publicKey.keytype === 'RSA') return createPrivateKey(text);
    const der = new Uint8Array([...ED25519_PKCS8_PREFIX, ...Uint8Array.fromHex(text.slice(0, 64))]);
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    throw unreadable();
  }
}

function unreadable(): CodedError {
  return new CodedError('KeyError', 'malformed_key', 'A private key cannot be read.');
}

function publicPart(key: KeyObject): string {
  const { kty, n, e, x } = key.export({ format: 'jwk' });
  return JSON.stringify([kty, n ?? x, e]);
}
