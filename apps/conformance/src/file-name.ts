// One file name for any name from outside, in one folder: nothing climbs out, nothing is hidden, no two names meet.
import { percentEncoded, sha256Hex } from '@ota-connect/uptane';

/** File systems take 255 bytes; an ending has to fit too. */
const MAX_LENGTH = 200;

export function fileNameOf(name: string): string {
  const encoded = percentEncoded(name).replace(/^\./, '%2E');
  if (encoded.length <= MAX_LENGTH) return encoded;
  // `%-` comes of no encoding, so that no short name is taken for a long one.
  const hash = sha256Hex(new TextEncoder().encode(name));
  return `${encoded.slice(0, MAX_LENGTH - hash.length - 2)}%-${hash}`;
}
