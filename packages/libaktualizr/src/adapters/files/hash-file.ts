// Hashes a file from disk in bounded memory, giving way to signals and timers between pieces.
import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Hasher } from '@ota-connect/uptane';

const PIECE_BYTES = 1024 * 1024;

/** Feeds the whole file to the hasher; the caller takes the digest. */
export async function hashFile(file: string, hasher: Hasher, signal?: AbortSignal): Promise<void> {
  const descriptor = openSync(file, 'r');
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      signal?.throwIfAborted();
      const length = readSync(descriptor, piece);
      if (length === 0) return;
      hasher.update(piece.subarray(0, length));
      await nextTurn();
    }
  } finally {
    closeSync(descriptor);
  }
}
