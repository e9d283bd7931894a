// Keys and certificates in a token, in the forms that the rest of the client knows: PEM, PublicKey, Signer. Signatures of
// manifests are RSASSA-PSS with SHA-256, those of certificate requests what X.509 takes. client-features KEY-02, CFG-04
import { createHash, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';

import type * as Pkcs11 from 'pkcs11js';
import { clientKeyId, parsePublicKey } from '@ota-connect/uptane';
import type { KeyType, PublicKey, Signer } from '@ota-connect/uptane';

import { ConfigError, TokenError } from '../../errors.ts';
import { emsaPss } from './emsa-pss.ts';
import { codeOf } from './pkcs11-library.ts';
import type { Pkcs11Token } from './pkcs11-token.ts';

const SHA256_BYTES = 32;
const EXPONENT = Buffer.from([1, 0, 1]);
/** An RSA signature is as long as its key: 8192 bits. */
const LONGEST_SIGNATURE = 1024;
/** DER in front of a SHA-256 hash in a PKCS#1 signature. RFC 8017 9.2 */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const CURVE_P256 = '06082a8648ce3d030107';

/** PEM. @throws TokenError `no_object`, `unusable_key` */
export function certificateOf(token: Pkcs11Token, idHex: string, key: string): string {
  const { api, file } = token.library;
  const der = token.attribute(token.find('certificate', idHex, key), api.CKA_VALUE);
  try {
    return new X509Certificate(der ?? Buffer.alloc(0)).toString();
  } catch (cause) {
    const message = `The certificate ${idHex} (${key}) in the token of ${file} cannot be read.`;
    throw new TokenError('unusable_key', message, { cause, details: { module: file, key } });
  }
}

/** The Uptane key of the Primary; generated in the token when there is none. @throws TokenError, ConfigError `unsupported` */
export function uptaneKeyOf(token: Pkcs11Token, idHex: string, type: KeyType): PublicKey {
  if (token.search('private key', idHex) === undefined) generateRsa(token, idHex, type);
  return rsaPublicKey(token, idHex);
}

function rsaPublicKey(token: Pkcs11Token, idHex: string): PublicKey {
  const { api, file } = token.library;
  const halves = (['private key', 'public key'] as const).flatMap(
    (kind) => token.search(kind, idHex) ?? ([] as Pkcs11.Handle[]),
  );
  const read = (type: number) =>
    halves.map((half) => token.attribute(half, type)).find((value) => value?.length);
  const [modulus, exponent] = [read(api.CKA_MODULUS), read(api.CKA_PUBLIC_EXPONENT)];
  if (modulus === undefined || exponent === undefined) {
    const message = `The key ${idHex} (p11.uptane_key_id) in the token of ${file} is no RSA key; an Uptane key in a token has to be one.`;
    throw new TokenError('unusable_key', message, { details: { module: file } });
  }
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') };
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  return parsePublicKey({ keytype: 'RSA', keyval: { public: pem } });
}

function generateRsa(token: Pkcs11Token, idHex: string, type: KeyType): void {
  if (type === 'ED25519') {
    const message = 'uptane.key_type "ED25519" is not supported in a token; it can be an RSA one.';
    throw new ConfigError('unsupported', message);
  }
  token.use(({ api, module }, session) => {
    const id = Buffer.from(idHex, 'hex');
    const label = 'uptane';
    const publicPart = [
      { type: api.CKA_TOKEN, value: true },
      { type: api.CKA_ID, value: id },
      { type: api.CKA_LABEL, value: label },
      { type: api.CKA_VERIFY, value: true },
      { type: api.CKA_MODULUS_BITS, value: Number(type.slice('RSA'.length)) },
      { type: api.CKA_PUBLIC_EXPONENT, value: EXPONENT },
    ];
    const privatePart = [
      { type: api.CKA_TOKEN, value: true },
      { type: api.CKA_PRIVATE, value: true },
      { type: api.CKA_SENSITIVE, value: true },
      { type: api.CKA_EXTRACTABLE, value: false },
      { type: api.CKA_ID, value: id },
      { type: api.CKA_LABEL, value: label },
      { type: api.CKA_SIGN, value: true },
    ];
    const mechanism = { mechanism: api.CKM_RSA_PKCS_KEY_PAIR_GEN };
    module.C_GenerateKeyPair(session, mechanism, publicPart, privatePart);
  });
}

/** Signs manifests with the key in the token. @throws TokenError at each signature */
export function createTokenSigner(token: Pkcs11Token, idHex: string, publicKey: PublicKey): Signer {
  return {
    keyId: clientKeyId(publicKey),
    method: 'rsassa-pss',
    sign: async (message) => {
      const key = token.find('private key', idHex, 'p11.uptane_key_id');
      const hash = createHash('sha256').update(message).digest();
      try {
        return signed(token, key, pss(token), hash);
      } catch (error) {
        if (!knowsNoPss(error)) throw error;
      }
      return signed(token, key, { mechanism: token.library.api.CKM_RSA_X_509 }, padded(publicKey, hash));
    },
  };
}

function pss({ library: { api } }: Pkcs11Token): Pkcs11.Mechanism {
  const parameter = {
    type: api.CK_PARAMS_RSA_PSS,
    hashAlg: api.CKM_SHA256,
    mgf: api.CKG_MGF1_SHA256,
    saltLen: SHA256_BYTES,
  };
  return { mechanism: api.CKM_RSA_PKCS_PSS, parameter };
}

/** CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID */
function knowsNoPss(error: unknown): boolean {
  const code = error instanceof TokenError ? codeOf(error.cause) : undefined;
  return code === 0x70 || code === 0x71;
}

function padded({ keyval }: PublicKey, hash: Buffer): Buffer {
  const bits = createPublicKey(keyval.public).asymmetricKeyDetails?.modulusLength ?? 0;
  return Buffer.from(emsaPss(hash, randomBytes(SHA256_BYTES), bits));
}

/** For a certificate request: the X.509 signature over `message` by a key of RSA or P-256. @throws TokenError */
export function signWithTlsKey(token: Pkcs11Token, idHex: string, message: Uint8Array): Uint8Array {
  const { api, file } = token.library;
  const key = token.find('private key', idHex, 'p11.tls_pkey_id');
  const hash = createHash('sha256').update(message).digest();
  const curve = token.attribute(key, api.CKA_EC_PARAMS)?.toString('hex');
  if (curve === undefined)
    return signed(token, key, { mechanism: api.CKM_RSA_PKCS }, Buffer.concat([DIGEST_INFO, hash]));
  if (curve === CURVE_P256) return derOf(signed(token, key, { mechanism: api.CKM_ECDSA }, hash));
  const message_ = `The key ${idHex} (p11.tls_pkey_id) in the token of ${file} is neither RSA nor P-256.`;
  throw new TokenError('unusable_key', message_, { details: { module: file } });
}

function signed(
  token: Pkcs11Token,
  key: Pkcs11.Handle,
  mechanism: Pkcs11.Mechanism,
  data: Buffer,
): Uint8Array {
  return token.use(({ module }, session) => {
    module.C_SignInit(session, mechanism, key);
    return new Uint8Array(module.C_Sign(session, data, Buffer.alloc(LONGEST_SIGNATURE)));
  });
}

/** A token answers r and s one behind the other; X.509 wants a SEQUENCE of two INTEGERs. */
function derOf(raw: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array): number[] => {
    const first = bytes.findIndex((byte) => byte !== 0);
    const short = [...bytes.subarray(first === -1 ? bytes.length - 1 : first)];
    if ((short[0] ?? 0) >= 0x80) short.unshift(0);
    return [0x02, short.length, ...short];
  };
  const half = raw.length / 2;
  const content = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))];
  return new Uint8Array([0x30, content.length, ...content]);
}
