// New key pairs, in the text forms that the original stores: PEM (private: PKCS#1) for RSA, upper-case hex for Ed25519.
// Source: the original's key generation; Uptane Standard #crypto_and_identifiers
import { generateKeyPair as generate } from 'node:crypto';
import { CodedError } from '../errors.ts';
import type { PublicKey } from './public-key.ts';

export type KeyType = 'RSA2048' | 'RSA3072' | 'RSA4096' | 'ED25519';
/** `privateKey`: PKCS#1 PEM for RSA, 128 hex digits (seed and public key) for Ed25519. A secret. */
export type KeyPair = { readonly publicKey: PublicKey; readonly privateKey: string };

export function generateKeyPair(type: KeyType): Promise<KeyPair> {
  return type === 'ED25519' ? generateEd25519() : generateRsa(Number(type.slice(3)));
}

function generateRsa(bits: number): Promise<KeyPair> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyPair>();
  const options = {
    modulusLength: bits,
    publicExponent: 65_537,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  } as const;
  generate('rsa', options, (error, publicPem, privateKey) => {
    if (error === null) resolve({ publicKey: { keytype: 'RSA', keyval: { public: publicPem } }, privateKey });
    else reject(failed(error));
  });
  return promise;
}

function generateEd25519(): Promise<KeyPair> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyPair>();
  const options = { publicKeyEncoding: { format: 'jwk' }, privateKeyEncoding: { format: 'jwk' } } as const;
  generate('ed25519', options, (error, _publicKey, jwk) => {
    if (error !== null) {
      reject(failed(error));
      return;
    }
    const text = hex(jwk.x);
    resolve({ publicKey: { keytype: 'ED25519', keyval: { public: text } }, privateKey: hex(jwk.d) + text });
  });
  return promise;
}

function hex(base64url: string | undefined): string {
  return Uint8Array.fromBase64(base64url ?? '', { alphabet: 'base64url' })
    .toHex()
    .toUpperCase();
}

function failed(cause: unknown): CodedError {
  return new CodedError('KeyError', 'generation_failed', 'A key pair could not be generated.', { cause });
}
