// Which files this process has hashed, and with what result, so that the bytes of an image are hashed once: while they
// arrive, or when a later process installs what an earlier one stored. A record holds for the very file and state that was
// hashed (device, inode, length and both times, from the open descriptor); anything else is hashed again.
import { closeSync } from 'node:fs';
import { createHasher, type HashAlgorithm, type Hasher, type Hashes } from '@ota-connect/uptane';
import { hashDescriptor } from './hash-file.ts';
import { isSameStamp, openImage, stampOf, type FileStamp } from './image-file.ts';

export type NewHasher = (algorithms: readonly HashAlgorithm[]) => Hasher;

export type FileVerdict = 'verified' | 'missing' | 'incomplete' | 'tampered';

type Signed = { readonly lengthBytes: number; readonly hashes: Hashes };

export class VerifiedFiles {
  readonly #known = new Map<string, { readonly stamp: FileStamp; readonly hashes: Hashes }>();
  readonly #newHasher: NewHasher;

  constructor(newHasher: NewHasher = createHasher) {
    this.#newHasher = newHasher;
  }

  /** `hashes` were found over the content that `stamp` stands for. */
  remember(file: string, stamp: FileStamp, hashes: Hashes): void {
    this.#known.set(file, { stamp, hashes });
  }

  /** Whether the file is the one that is signed; hashed only where this process has not done so. */
  async verify(file: string, signed: Signed): Promise<FileVerdict> {
    return withImage(file, async (descriptor) => {
      const stamp = stampOf(descriptor);
      if (stamp.size !== BigInt(signed.lengthBytes))
        return stamp.size < signed.lengthBytes ? 'incomplete' : 'tampered';
      if (this.#knows(file, stamp, signed.hashes)) return 'verified';
      const hasher = this.#newHasher(listedAlgorithms(signed.hashes));
      await hashDescriptor(descriptor, hasher);
      const hashes = hasher.digest();
      if (!areListed(hashes, signed.hashes) || !isSameStamp(stamp, stampOf(descriptor))) return 'tampered';
      this.remember(file, stamp, hashes);
      return 'verified';
    });
  }

  /** Whether the file is still what `verify` or a download found; hashes nothing. */
  isUntouched(file: string, signed: Signed): boolean {
    const descriptor = openImage(file);
    if (typeof descriptor !== 'number') return false;
    try {
      return this.#knows(file, stampOf(descriptor), signed.hashes);
    } finally {
      closeSync(descriptor);
    }
  }

  #knows(file: string, stamp: FileStamp, listed: Hashes): boolean {
    const known = this.#known.get(file);
    return known !== undefined && isSameStamp(known.stamp, stamp) && areListed(known.hashes, listed);
  }
}

export function listedAlgorithms(hashes: Hashes): readonly HashAlgorithm[] {
  return (['sha256', 'sha512'] as const).filter((name) => hashes[name] !== undefined);
}

/** Every hash that is listed was found, and at least one is. */
export function areListed(found: Hashes, listed: Hashes): boolean {
  const algorithms = listedAlgorithms(listed);
  return algorithms.length > 0 && algorithms.every((name) => found[name] === listed[name]?.toLowerCase());
}

async function withImage(
  file: string,
  work: (descriptor: number) => Promise<FileVerdict>,
): Promise<FileVerdict> {
  const descriptor = openImage(file);
  if (descriptor === 'missing') return 'missing';
  if (descriptor === 'unsafe') return 'tampered';
  try {
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
