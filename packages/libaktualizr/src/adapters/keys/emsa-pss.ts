// The padding of RSASSA-PSS with SHA-256, made here for tokens that sign raw blocks alone: the original pads by itself, so
// tokens that work with it need not know PSS. RFC 8017 9.1.1, B.2.1
import { createHash } from 'node:crypto';

const HASH_BYTES = 32;

/** The block that RSA is applied to, as long as a modulus of whole bytes. `hash`: SHA-256 of the message; `salt`: random. */
export function emsaPss(hash: Uint8Array, salt: Uint8Array, modulusBits: number): Uint8Array {
  const bits = modulusBits - 1;
  const length = Math.ceil(bits / 8);
  const sealed = sha256(new Uint8Array(8), hash, salt);
  const padding = new Uint8Array(length - salt.length - HASH_BYTES - 2);
  const data = Buffer.concat([padding, Uint8Array.of(1), salt]);
  const mask = mgf1(sealed, data.length);
  const masked = data.map((byte, index) => byte ^ (mask[index] ?? 0));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * length - bits));
  return Buffer.concat([masked, sealed, Uint8Array.of(0xbc)]);
}

function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, counter) =>
    sha256(seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter)),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
