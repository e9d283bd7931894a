// How a PKCS#12 file is sealed: keys from a password (RFC 7292 appendix B, PBKDF2), the ciphers that servers really use
// (AES, 3DES, and RC2 of older ones), the MAC over the whole. Passwords are tried in both spellings of "empty".
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

import { decryptRc2Cbc } from './rc2.ts';

/** Work factors above this are an attack on the device's time. */
const MAX_ITERATIONS = 1_000_000;

const PBE_SHA1: ReadonlyMap<string, { readonly keyBytes: number; readonly cipher: 'des-ede3-cbc' | 'rc2' }> =
  new Map([
    ['1.2.840.113549.1.12.1.3', { keyBytes: 24, cipher: 'des-ede3-cbc' }],
    ['1.2.840.113549.1.12.1.5', { keyBytes: 16, cipher: 'rc2' }],
    ['1.2.840.113549.1.12.1.6', { keyBytes: 5, cipher: 'rc2' }],
  ]);
const CIPHERS: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keyBytes: 32 }],
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keyBytes: 24 }],
]);
const HMACS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
/** Input block of the hash, in bytes. */
const HASH_BLOCK: ReadonlyMap<string, number> = new Map([
  ['sha384', 128],
  ['sha512', 128],
]);

export type Sealed =
  | {
      readonly kind: 'pkcs12';
      readonly algorithm: string;
      readonly salt: Uint8Array;
      readonly iterations: number;
    }
  | {
      readonly kind: 'pbes2';
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly prf: string;
      readonly cipher: string;
      readonly iv: Uint8Array;
    };

export type Mac = {
  readonly digest: string;
  readonly expected: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
};

/** The two texts of an empty password that programs write: with and without its final zero. */
export function passwordForms(password: string): readonly Uint8Array[] {
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16();
  return password === '' ? [text, new Uint8Array()] : [text];
}

/** Undefined: the cipher is not known, or the password does not open it. `form` is one of passwordForms. */
export function decrypt(
  sealed: Sealed,
  data: Uint8Array,
  password: string,
  form: Uint8Array,
): Uint8Array | undefined {
  if (sealed.iterations > MAX_ITERATIONS) return undefined;
  if (sealed.kind === 'pbes2') {
    const [cipher, prf] = [CIPHERS.get(sealed.cipher), HMACS.get(sealed.prf)];
    if (cipher === undefined || prf === undefined) return undefined;
    const key = pbkdf2Sync(password, sealed.salt, sealed.iterations, cipher.keyBytes, prf);
    return openCbc(cipher.name, key, sealed.iv, data);
  }
  const scheme = PBE_SHA1.get(sealed.algorithm);
  if (scheme === undefined) return undefined;
  const key = derive('sha1', form, sealed, { purpose: 1, bytes: scheme.keyBytes });
  const iv = derive('sha1', form, sealed, { purpose: 2, bytes: 8 });
  return scheme.cipher === 'rc2'
    ? withoutPadding(decryptRc2Cbc(key, iv, data))
    : openCbc(scheme.cipher, key, iv, data);
}

export function macAgrees(mac: Mac, message: Uint8Array, form: Uint8Array): boolean {
  const digest = DIGESTS.get(mac.digest);
  if (digest === undefined || mac.iterations > MAX_ITERATIONS) return false;
  const key = derive(digest, form, mac, { purpose: 3, bytes: createHash(digest).digest().length });
  const found = createHmac(digest, key).update(message).digest();
  return found.length === mac.expected.length && timingSafeEqual(found, mac.expected);
}

function openCbc(name: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  } catch (cause) {
    // A wrong key shows as bad padding.
    if (cause instanceof Error) return undefined;
    throw cause;
  }
}

function withoutPadding(text: Uint8Array | undefined): Uint8Array | undefined {
  const count = text?.at(-1) ?? 0;
  if (text === undefined || count < 1 || count > 8) return undefined;
  return text.subarray(0, text.length - count);
}

type Salted = { readonly salt: Uint8Array; readonly iterations: number };

/** RFC 7292 appendix B.2. */
function derive(
  hash: string,
  form: Uint8Array,
  salted: Salted,
  wanted: { readonly purpose: 1 | 2 | 3; readonly bytes: number },
): Uint8Array {
  const block = HASH_BLOCK.get(hash) ?? 64;
  const diversifier = Buffer.alloc(block, wanted.purpose);
  const input = Buffer.concat([repeated(salted.salt, block), repeated(form, block)]);
  const parts: Uint8Array[] = [];
  for (let made = 0; made < wanted.bytes;) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < salted.iterations; round++) digest = createHash(hash).update(digest).digest();
    parts.push(digest);
    made += digest.length;
    addToBlocks(input, repeated(digest, block).subarray(0, block), block);
  }
  return Buffer.concat(parts).subarray(0, wanted.bytes);
}

/** The bytes over and over, up to a whole number of blocks. */
function repeated(bytes: Uint8Array, block: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes);
}

/** Each block of `input` plus `addend` plus one, as big-endian numbers. */
function addToBlocks(input: Buffer, addend: Uint8Array, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1;
    for (let index = block - 1; index >= 0; index--) {
      carry += (input[start + index] ?? 0) + (addend[index] ?? 0);
      input[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
}
