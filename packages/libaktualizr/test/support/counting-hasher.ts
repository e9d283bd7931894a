// A hasher for devices under test, to see that the bytes of an image are hashed once, whichever hashes are listed.
import { createHasher } from '@ota-connect/uptane';
import type { NewHasher } from '../../src/adapters/files/verified-files.ts';

/** Counts the bytes that go through any hasher. */
export function countingHasher(): { readonly newHasher: NewHasher; hashed: number } {
  const counter = {
    hashed: 0,
    newHasher: (algorithms: Parameters<NewHasher>[0]) => {
      const hasher = createHasher(algorithms);
      return {
        ...hasher,
        update: (chunk: Uint8Array) => {
          counter.hashed += chunk.length;
          hasher.update(chunk);
        },
      };
    },
  };
  return counter;
}
