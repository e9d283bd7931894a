// Blobs as files below one folder: written beside, flushed to the disk, then renamed, so that a file under its final
// name is whole. What an earlier process left half-written is removed at start.
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createHasher, type Hashes } from '@ota-connect/uptane';
import { BugError, StorageError } from '../errors.ts';
import type { BlobStore, StoredBlob } from './blob-store.ts';

const CHUNK_BYTES = 256 * 1024;
const DISK_FULL = 'The server has no space left for this file; nothing was stored.';

export async function openFsBlobStore(folder: string): Promise<BlobStore> {
  const unfinished = join(folder, 'unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const place = (key: string): string => join(folder, checkedKey(key));
  return {
    async put(key, source, expected) {
      const draft = join(unfinished, checkedKey(key));
      try {
        const stored = await writeDraft(draft, source, expected.lengthBytes);
        await rename(draft, place(key));
        await flushFolder(folder);
        return stored;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    read(key, range) {
      const part = range ? { start: range.first, end: range.last } : {};
      return createReadStream(place(key), { highWaterMark: CHUNK_BYTES, ...part });
    },
    has: (key) =>
      access(place(key)).then(
        () => true,
        () => false,
      ),
    remove: (key) => rm(place(key), { force: true }),
    keys: async () => (await readdir(folder)).filter((name) => name !== 'unfinished'),
  };
}

async function writeDraft(path: string, source: Readable, lengthBytes: number): Promise<StoredBlob> {
  const hasher = createHasher();
  let received = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    // The source stays open when the disk fails: the answer still has to go out over the same connection.
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > lengthBytes) break;
      hasher.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(counted, createWriteStream(path, { flush: true, highWaterMark: CHUNK_BYTES }));
  } catch (cause) {
    if (source.errored !== null) throw incomplete(received, lengthBytes, cause);
    throw isDiskFull(cause) ? new StorageError('storage_unavailable', DISK_FULL, { cause }) : cause;
  }
  if (received !== lengthBytes) throw incomplete(received, lengthBytes, undefined);
  return { lengthBytes, hashes: bothHashes(hasher.digest()) };
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function incomplete(received: number, expected: number, cause: unknown): StorageError {
  const message = `The upload ended after ${received} of ${expected} bytes; nothing was stored.`;
  return new StorageError('upload_incomplete', message, { cause });
}

function bothHashes(hashes: Hashes): Required<Hashes> {
  if (hashes.sha256 === undefined || hashes.sha512 === undefined)
    throw new BugError('The hasher lacks an algorithm.');
  return { sha256: hashes.sha256, sha512: hashes.sha512 };
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Keys are ours; one with a path in it is a mistake, never a request. */
function checkedKey(key: string): string {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(key))
    throw new BugError('A blob key holds other than letters, digits and dashes.');
  return key;
}
