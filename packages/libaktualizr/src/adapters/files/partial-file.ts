// An image that is not complete yet: its bytes, its journal, and the hash that runs over what arrives. It has its final name
// from the first byte, as the original's, so that either client goes on with the other's. Bytes that an earlier run left are
// not read again before the end, so that resuming costs nothing however long the image is. client-protocol 3.5.
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { HashAlgorithm, Hasher, Hashes } from '@ota-connect/uptane';
import { hashDescriptor } from './hash-file.ts';
import { openImageForWriting, stampOf, type FileStamp } from './image-file.ts';
import { appendToJournal, BLOCK_BYTES, printOf, readJournal, removeJournal } from './journal.ts';
import type { NewHasher } from './verified-files.ts';

/** What a power cut may cost, whichever comes first. */
const SYNC_BYTES = 16 * 1024 * 1024;
const SYNC_MS = 5000;
const toDisk = promisify(fdatasync);

export type PartialFileOptions = {
  readonly file: string;
  readonly lengthBytes: number;
  readonly algorithms: readonly HashAlgorithm[];
  readonly newHasher: NewHasher;
  /** Of this boot; empty where a system has none, and then only what is durable is trusted. */
  readonly bootId: string;
};

/** Bytes of the file from `start` to before `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

export class PartialFile {
  /** So many bytes from the beginning are there. */
  received = 0;
  /** Bytes of an earlier run are among them, from wherever they came. */
  hasEarlierBytes = false;
  readonly descriptor: number;
  readonly #options: PartialFileOptions;
  #hasher: { readonly of: Hasher; bytes: number } | undefined;
  readonly #prints = new Map<number, number>();
  readonly #printsToSave = new Map<number, number>();
  #print: number | undefined;
  #hasJournal = false;
  #saved = { bytes: 0, atMs: performance.now() };
  #saving: Promise<void> | undefined;
  #failure: unknown;

  constructor(options: PartialFileOptions) {
    this.#options = options;
    this.descriptor = openImageForWriting(options.file);
    try {
      this.#resume();
    } catch (error) {
      closeSync(this.descriptor);
      throw error;
    }
  }

  get isComplete(): boolean {
    return this.received === this.#options.lengthBytes;
  }

  /** Bytes as they arrive; what is there already is compared, and replaced where it differs. */
  put(chunk: Uint8Array, at: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#hash(chunk, at);
    const known = Math.min(chunk.length, Math.max(0, this.received - at));
    if (known > 0) this.#mend(chunk.subarray(0, known), at);
    if (known === chunk.length) return;
    const fresh = known === 0 ? chunk : chunk.subarray(known);
    this.#write(fresh, this.received);
    this.#printOn(fresh);
    this.received += fresh.length;
    this.#saveNowAndThen();
  }

  async startOver(): Promise<void> {
    await this.#saving;
    this.#forget();
  }

  #forget(): void {
    removeJournal(this.#options.file);
    if (fstatSync(this.descriptor).size > 0) ftruncateSync(this.descriptor, 0);
    this.received = 0;
    this.hasEarlierBytes = false;
    this.#hasher = undefined;
    this.#print = undefined;
    this.#prints.clear();
    this.#printsToSave.clear();
    this.#hasJournal = false;
    this.#saved = { bytes: 0, atMs: performance.now() };
  }

  /** Every byte has passed by in this run, and from one answer. */
  get isFresh(): boolean {
    return this.#hasher?.bytes === this.received;
  }

  /** Of the whole file: found while it arrived, or read once where an earlier run had left a part. */
  async hashes(signal: AbortSignal): Promise<Hashes> {
    const running = this.#hasher;
    this.#hasher = undefined;
    if (running?.bytes === this.received) return running.of.digest();
    const hasher = this.#newHasher();
    await hashDescriptor(this.descriptor, hasher, signal);
    return hasher.digest();
  }

  /** The blocks that are not what was written there once. */
  damagedBlocks(): readonly ByteRange[] {
    const found: ByteRange[] = [];
    for (const [block, print] of this.#prints) {
      const start = block * BLOCK_BYTES;
      const end = Math.min(start + BLOCK_BYTES, this.received);
      if (end - start === BLOCK_BYTES && printOf(this.#read(start, end), start) !== print)
        found.push({ start, end });
    }
    return found;
  }

  /** The complete and right image: durable, without a journal. */
  async seal(): Promise<FileStamp> {
    await this.#saving;
    // A disk tells once that it lost what it was given.
    if (this.#failure !== undefined) throw this.#failure;
    fsyncSync(this.descriptor);
    syncDirectory(dirname(this.#options.file));
    removeJournal(this.#options.file);
    this.#hasJournal = false;
    return stampOf(this.descriptor);
  }

  /** Leaves what has arrived for the next run. */
  async close(): Promise<void> {
    try {
      await this.#saving;
      // Where it cannot be saved, the next run trusts less.
      if (this.#hasJournal && this.#failure === undefined && !this.isComplete) this.#saveNow();
      await this.#saving;
    } finally {
      closeSync(this.descriptor);
    }
  }

  /** Nobody can go on with it. */
  async remove(): Promise<void> {
    await this.#saving;
    removeJournal(this.#options.file);
    this.#hasJournal = false;
    rmSync(this.#options.file, { force: true });
  }

  #resume(): void {
    const { file, lengthBytes, bootId } = this.#options;
    const { size } = fstatSync(this.descriptor);
    const journal = readJournal(file);
    const isSameBoot = bootId !== '' && journal?.bootId === bootId;
    // After a reboot the kernel may have lost what it had not written yet, and left zeros in its place.
    const trusted = journal === undefined || isSameBoot ? size : Math.min(size, journal.durableBytes);
    if (trusted > lengthBytes || trusted === 0) return this.#forget();
    if (trusted < size) ftruncateSync(this.descriptor, trusted);
    this.received = trusted;
    this.hasEarlierBytes = true;
    this.#hasJournal = journal !== undefined;
    for (const [block, print] of journal?.prints ?? []) {
      if ((block + 1) * BLOCK_BYTES <= trusted) this.#prints.set(block, print);
    }
    this.#saved = { bytes: isSameBoot ? trusted : 0, atMs: performance.now() };
    // From now on a killed process loses nothing of this boot either.
    if (journal !== undefined && !isSameBoot) this.#saveNow();
  }

  #hash(chunk: Uint8Array, at: number): void {
    if (at === 0) this.#hasher = { of: this.#newHasher(), bytes: 0 };
    if (this.#hasher?.bytes !== at) return void (this.#hasher = undefined);
    this.#hasher.of.update(chunk);
    this.#hasher.bytes += chunk.length;
  }

  #newHasher(): Hasher {
    return this.#options.newHasher(this.#options.algorithms);
  }

  #mend(chunk: Uint8Array, at: number): void {
    if (Buffer.compare(this.#read(at, at + chunk.length), chunk) === 0) return;
    this.#write(chunk, at);
    for (let block = Math.floor(at / BLOCK_BYTES); block * BLOCK_BYTES < at + chunk.length; block += 1) {
      this.#prints.delete(block);
      this.#printsToSave.delete(block);
    }
    this.#print = undefined;
  }

  #printOn(chunk: Uint8Array): void {
    let position = this.received;
    for (let rest = chunk; rest.length > 0;) {
      const inBlock = position % BLOCK_BYTES;
      const piece = rest.subarray(0, BLOCK_BYTES - inBlock);
      const begun = inBlock === 0 ? undefined : (this.#print ?? this.#printOfBlockUpTo(position));
      this.#print = printOf(piece, position, begun);
      position += piece.length;
      rest = rest.subarray(piece.length);
      if (position % BLOCK_BYTES > 0) continue;
      const block = position / BLOCK_BYTES - 1;
      this.#prints.set(block, this.#print);
      this.#printsToSave.set(block, this.#print);
    }
  }

  #printOfBlockUpTo(position: number): number {
    const start = position - (position % BLOCK_BYTES);
    return printOf(this.#read(start, position), start);
  }

  #read(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    for (let read = 0; read < bytes.length;) {
      const count = readSync(this.descriptor, bytes, read, bytes.length - read, start + read);
      if (count === 0) return bytes.subarray(0, read);
      read += count;
    }
    return bytes;
  }

  #write(chunk: Uint8Array, at: number): void {
    for (let written = 0; written < chunk.length;) {
      written += writeSync(this.descriptor, chunk, written, chunk.length - written, at + written);
    }
  }

  #saveNowAndThen(): void {
    const { bytes, atMs } = this.#saved;
    const isDue = this.received - bytes >= SYNC_BYTES || performance.now() - atMs >= SYNC_MS;
    if (isDue && this.#saving === undefined) this.#saveNow();
  }

  #saveNow(): void {
    this.#saving = this.#save()
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => void (this.#saving = undefined));
  }

  /** Beside the transfer: the bytes first, then the journal that vouches for them. */
  async #save(): Promise<void> {
    const { file, bootId } = this.#options;
    const durableBytes = this.received;
    const prints = new Map(this.#printsToSave);
    this.#saved = { bytes: durableBytes, atMs: performance.now() };
    await toDisk(this.descriptor);
    const isNew = !this.#hasJournal;
    this.#hasJournal = true;
    await appendToJournal(file, { durableBytes, bootId, prints }, isNew);
    if (isNew) syncDirectory(dirname(file));
    for (const block of prints.keys()) this.#printsToSave.delete(block);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
