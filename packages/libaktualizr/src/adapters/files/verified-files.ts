// Which files this process has hashed, and with what result, so that the bytes of an image are hashed once: while they
// arrive, or when a later process installs what an earlier one stored. A record holds for the very file and state that was
// hashed (device, inode, length and both times, from the open descriptor); anything else is hashed again.
import { closeSync } from 'node:fs';
import { areListed, createHasher, type HashAlgorithm, type Hasher, type Hashes } from '@ota-connect/uptane';
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
      if (this.#knownOf(file, stamp, signed.hashes) !== undefined) return 'verified';
      const hasher = this.#newHasher(algorithmsToFind(signed.hashes));
      await hashDescriptor(descriptor, hasher);
      const hashes = hasher.digest();
      if (!areListed(hashes, signed.hashes) || !isSameStamp(stamp, stampOf(descriptor))) return 'tampered';
      this.remember(file, stamp, hashes);
      return 'verified';
    });
  }

  /** What `verify` or a download found, while the file is still that one; hashes nothing. */
  found(file: string, signed: Signed): Hashes | undefined {
    const descriptor = openImage(file);
    if (typeof descriptor !== 'number') return undefined;
    try {
      return this.#knownOf(file, stampOf(descriptor), signed.hashes);
    } finally {
      closeSync(descriptor);
    }
  }

  #knownOf(file: string, stamp: FileStamp, listed: Hashes): Hashes | undefined {
    const known = this.#known.get(file);
    const holds = known !== undefined && isSameStamp(known.stamp, stamp) && areListed(known.hashes, listed);
    return holds ? known.hashes : undefined;
  }
}

/** All that are listed, and SHA-256, by which manifests and the installation log know an image: in one pass. */
export function algorithmsToFind(listed: Hashes): readonly HashAlgorithm[] {
  return listed.sha512 === undefined ? ['sha256'] : ['sha256', 'sha512'];
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
