// One image into one file: streamed, hashed on the way, resumed where an earlier attempt ended, never longer than the
// signed length, on disk when it returns. An incomplete file stays for the next attempt; a wrong one is deleted.
// The file has its final name from the first byte, as the original's, so that either client resumes the other's.
// client-protocol 3.5; Uptane Standard #download_images_primary.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { IncomingMessage } from 'node:http';
import { areListed, MetadataError, type Hasher, type Hashes } from '@ota-connect/uptane';
import type { EtagStore, FetchProgress } from '../../ports.ts';
import { InstallError, TransportError } from '../../errors.ts';
import { hashDescriptor } from '../files/hash-file.ts';
import { openImageForWriting, stampOf, type FileStamp } from '../files/image-file.ts';
import { algorithmsToFind, type NewHasher } from '../files/verified-files.ts';
import { noRoomOf } from '../storage/no-room.ts';
import { dismiss, type HttpClient } from './client.ts';
import { createMemoryKeeper } from './flat-memory.ts';
import { httpStatus, withoutQuery } from './gateway.ts';

/** Kept free beside the image, as the original keeps it. */
const RESERVE_BYTES = 1024 * 1024;

export type Download = {
  /** For the words of a refusal. */
  readonly name: string;
  readonly url: string;
  readonly file: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly onProgress: FetchProgress;
  readonly signal: AbortSignal;
  readonly newHasher: NewHasher;
};

/** The file as it was when its hashes were complete. */
export type Downloaded = { readonly stamp: FileStamp; readonly hashes: Hashes };

/** Throws TransportError, InstallError (`no_space`) or MetadataError (`TargetHashMismatch`, `OversizedTarget`, `UndersizedTarget`). */
export async function downloadFile(
  http: HttpClient,
  etags: EtagStore,
  download: Download,
): Promise<Downloaded> {
  const descriptor = openImageForWriting(download.file);
  const transfer = new Transfer(descriptor, download);
  try {
    await transfer.resume();
    return { hashes: await complete(http, etags, transfer), stamp: stampOf(descriptor) };
  } catch (error) {
    if (error instanceof MetadataError) unlinkSync(download.file);
    const why = noRoomOf(error);
    if (why === undefined) throw error;
    throw why === 'disk_full' ? noSpace(download, error) : overLimit(download, error);
  } finally {
    closeSync(descriptor);
  }
}

/** What lay there may come from another address: where the whole is wrong, whoever is asked now gives it from the start. */
async function complete(http: HttpClient, etags: EtagStore, transfer: Transfer): Promise<Hashes> {
  if (!transfer.isComplete()) await receive(http, etags, transfer);
  try {
    return transfer.finish();
  } catch (error) {
    const isWrong = error instanceof MetadataError && error.code === 'TargetHashMismatch';
    if (!transfer.hasEarlierBytes || !isWrong) throw error;
  }
  transfer.startOver();
  await receive(http, etags, transfer);
  return transfer.finish();
}

async function receive(http: HttpClient, etags: EtagStore, transfer: Transfer): Promise<void> {
  const { url, signal } = transfer.download;
  const key = `target ${withoutQuery(url)}`;
  const offset = transfer.received;
  const etag = offset === 0 ? undefined : etags.load(key);
  const headers: Record<string, string> = {};
  if (offset > 0) headers.Range = `bytes=${offset}-`;
  if (etag !== undefined) headers['If-Range'] = etag;
  const keepFlat = await createMemoryKeeper();
  const answer = await http.stream(
    { method: 'GET', url, headers },
    async (message) => {
      const begin = beginning(message, transfer);
      if (begin === 'not_satisfiable') return begin;
      const received = message.headers.etag;
      // A weak ETag does not promise equal bytes, so that no range may be asked for with it.
      if (received !== undefined && !received.startsWith('W/')) etags.save(key, received);
      await transfer.take(message, keepFlat);
      return 'taken';
    },
    signal,
  );
  if (answer === 'taken') return;
  transfer.startOver();
  return receive(http, etags, transfer);
}

/** Decides from the head of the answer where its bytes belong. */
function beginning(message: IncomingMessage, transfer: Transfer): 'ready' | 'not_satisfiable' {
  const { url, lengthBytes } = transfer.download;
  const status = message.statusCode ?? 0;
  if (status === 416 && transfer.received > 0) {
    dismiss(message);
    return 'not_satisfiable';
  }
  if (status !== 200 && status !== 206) {
    message.destroy();
    throw httpStatus({ status, headers: message.headers, body: new Uint8Array() }, url);
  }
  if (status === 200) transfer.startOver();
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(message.headers['content-range'] ?? '');
  if (status === 206 && Number(range?.[1]) !== transfer.received) {
    message.destroy();
    throw new TransportError(
      'malformed',
      `${withoutQuery(url)} answered with another range than was asked for.`,
    );
  }
  const announced = Number(message.headers['content-length'] ?? 0) + transfer.received;
  if (announced > lengthBytes) {
    message.destroy();
    throw tooLong(transfer.download);
  }
  return 'ready';
}

/** The open file and the hash of what is in it. */
class Transfer {
  readonly download: Download;
  received = 0;
  /** Of an earlier attempt, from wherever they came. */
  hasEarlierBytes = false;
  readonly #descriptor: number;
  #hasher: Hasher;

  constructor(descriptor: number, download: Download) {
    this.download = download;
    this.#descriptor = descriptor;
    this.#hasher = this.#newHasher();
  }

  /** Hashes what an earlier attempt left. More than the signed length cannot be the image: from the start. */
  async resume(): Promise<void> {
    const { size } = fstatSync(this.#descriptor);
    if (size > this.download.lengthBytes) this.startOver();
    else if (size > 0) {
      this.received = await hashDescriptor(this.#descriptor, this.#hasher, this.download.signal);
      this.hasEarlierBytes = true;
    }
    this.#checkSpace();
  }

  isComplete(): boolean {
    return this.received === this.download.lengthBytes;
  }

  startOver(): void {
    if (fstatSync(this.#descriptor).size > 0) ftruncateSync(this.#descriptor, 0);
    this.received = 0;
    this.hasEarlierBytes = false;
    this.#hasher = this.#newHasher();
  }

  /** Each chunk is written before the next is read: memory does not grow with the image. */
  async take(message: IncomingMessage, keepFlat: (pieceBytes: number) => void): Promise<void> {
    const { lengthBytes, onProgress, url } = this.download;
    await new Promise<void>((resolve, reject) => {
      message.on('data', (chunk: Buffer) => {
        try {
          if (this.received + chunk.length > lengthBytes) throw tooLong(this.download);
          this.#write(chunk);
          keepFlat(chunk.length);
          onProgress(this.received, lengthBytes);
        } catch (error) {
          message.destroy();
          reject(error as Error);
        }
      });
      message.on('end', resolve);
      message.on('error', reject);
      message.on('close', () =>
        reject(
          new TransportError('truncated', `${withoutQuery(url)} broke off after ${this.received} bytes.`),
        ),
      );
    });
  }

  /** Length and every listed hash, then durable. */
  finish(): Hashes {
    const { name, lengthBytes, hashes, file } = this.download;
    if (this.received < lengthBytes) {
      throw new MetadataError(
        'UndersizedTarget',
        `The image is ${this.received} bytes long, ${lengthBytes} are signed.`,
        { details: { target: name } },
      );
    }
    const found = this.#hasher.digest();
    if (!areListed(found, hashes)) {
      throw new MetadataError(
        'TargetHashMismatch',
        'The image that arrived does not have the hash that is signed.',
        {
          details: { target: name, expected: hashes, found },
        },
      );
    }
    fsyncSync(this.#descriptor);
    syncDirectory(dirname(file));
    return found;
  }

  #newHasher(): Hasher {
    return this.download.newHasher(algorithmsToFind(this.download.hashes));
  }

  #write(chunk: Buffer): void {
    for (let written = 0; written < chunk.length;) written += writeSync(this.#descriptor, chunk, written);
    this.#hasher.update(chunk);
    this.received += chunk.length;
  }

  #checkSpace(): void {
    const needed = this.download.lengthBytes - this.received + RESERVE_BYTES;
    if (this.isComplete()) return;
    const { bavail, bsize } = statfsSync(dirname(this.download.file));
    if (bavail * bsize < needed) throw noSpace(this.download);
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

function tooLong(download: Download): MetadataError {
  return new MetadataError(
    'OversizedTarget',
    `The image is longer than the ${download.lengthBytes} bytes that are signed.`,
    { details: { target: download.name } },
  );
}

function overLimit({ file, lengthBytes }: Download, cause: unknown): InstallError {
  const message = `${file} would grow longer than this process may write (ulimit -f); the image has ${lengthBytes} bytes. Raise the limit and try again.`;
  return new InstallError('no_space', message, { cause, details: { lengthBytes, reason: 'file_limit' } });
}

function noSpace(download: Download, cause?: unknown): InstallError {
  const directory = dirname(download.file);
  const { bavail, bsize } = statfsSync(directory);
  return new InstallError(
    'no_space',
    `${directory} has ${bavail * bsize} bytes free; the image of ${download.lengthBytes} bytes and a reserve of ${RESERVE_BYTES} do not fit. Free some space and try again.`,
    {
      ...(cause === undefined ? {} : { cause }),
      details: { lengthBytes: download.lengthBytes, freeBytes: bavail * bsize },
    },
  );
}
