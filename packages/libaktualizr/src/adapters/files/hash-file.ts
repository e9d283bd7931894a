// Hashes an open file from its beginning in bounded memory, giving way to signals and timers between pieces.
import { readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Hasher } from '@ota-connect/uptane';

const PIECE_BYTES = 1024 * 1024;

/** Feeds the whole file to the hasher and answers its length; the caller takes the digest. */
export async function hashDescriptor(
  descriptor: number,
  hasher: Hasher,
  signal?: AbortSignal,
): Promise<number> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const length = readSync(descriptor, piece, 0, PIECE_BYTES, position);
    if (length === 0) return position;
    hasher.update(piece.subarray(0, length));
    position += length;
    await nextTurn();
  }
}
