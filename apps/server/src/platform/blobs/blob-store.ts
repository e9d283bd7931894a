// Where files of any size are kept, by a key of our own making.
import type { Readable } from 'node:stream';
import type { Hashes } from '@ota-connect/uptane';

export type StoredBlob = { readonly lengthBytes: number; readonly hashes: Required<Hashes> };

/** Both ends included. */
export type ByteRange = { readonly first: number; readonly last: number };

/**
 * `put` is all or nothing: durable when it returns, nothing left when it throws (StorageError `upload_incomplete` when
 * the source ended early or failed). `read` streams; `remove` of a missing key is no error.
 */
export type BlobStore = {
  put(key: string, source: Readable, expected: { readonly lengthBytes: number }): Promise<StoredBlob>;
  read(key: string, range?: ByteRange): Readable;
  has(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
};
