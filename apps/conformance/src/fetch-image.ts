// An image on its way to a folder: written beside as hidden file while it is counted and hashed, in place once its length
// and every listed hash hold, gone otherwise. Source: Uptane Standard #verify_image
import {
  closeSync,
  createReadStream,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  areListed,
  createHasher,
  listedAlgorithms,
  MetadataError,
  type Attack,
  type Hashes,
  type MetadataCode,
} from '@ota-connect/uptane';
import type { Address } from './address.ts';
import { makeFolder, moveDurably, storing } from './durable-file.ts';
import { TransportError } from './errors.ts';
import { httpGet, type Patience } from './http-get.ts';

export type Image = { readonly name: string; readonly lengthBytes: number; readonly hashes: Hashes };

const PART = '.part-';

/** Whether the file is that very image already. */
export async function isThere(file: string, image: Image): Promise<boolean> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size !== image.lengthBytes) return false;
  const hasher = createHasher(listedAlgorithms(image.hashes));
  for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) hasher.update(piece);
  return areListed(hasher.digest(), image.hashes);
}

/** @throws MetadataError OversizedTarget, UndersizedTarget (an image that is not there too), TargetHashMismatch; StorageError */
export async function fetchImage(
  address: Address,
  image: Image,
  file: string,
  patience?: Patience,
): Promise<void> {
  const part = path.join(makeFolder(path.dirname(file)), `${PART}${randomUUID()}`);
  try {
    await fetchTo(part, address, image, patience);
    storing(file, () => moveDurably(part, file));
  } finally {
    rmSync(part, { force: true });
  }
}

/** What a run that was killed left behind. Another one under way would fail, and safely so: its file is gone. */
export function sweepParts(folder: string): void {
  for (const name of readdirSync(makeFolder(folder)))
    if (name.startsWith(PART)) rmSync(path.join(folder, name), { force: true });
}

async function fetchTo(part: string, address: Address, image: Image, patience?: Patience): Promise<void> {
  const { lengthBytes } = image;
  const hasher = createHasher(listedAlgorithms(image.hashes));
  const descriptor = storing(part, () => openSync(part, 'wx', 0o644));
  try {
    let received = 0;
    const write = (piece: Uint8Array): void => {
      received += piece.byteLength;
      hasher.update(piece);
      storing(part, () => writeAll(descriptor, piece));
    };
    const answer = await ask(address, image, {
      maxBytes: lengthBytes,
      write,
      ...(patience === undefined ? {} : { patience }),
    });
    if (answer === 'too long') throw refusal('OversizedTarget', image, `is longer than ${lengthBytes} bytes`);
    if (answer === 'absent')
      throw refusal('UndersizedTarget', image, 'is not on the server', { attack: 'drop-request' });
    if (received < lengthBytes)
      throw refusal('UndersizedTarget', image, `has ${received} of ${lengthBytes} bytes`);
    if (!areListed(hasher.digest(), image.hashes))
      throw refusal('TargetHashMismatch', image, 'has another hash than listed');
    storing(part, () => fsyncSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

/** A server that does not give the whole image gives less of it than is listed: that is its code, whatever the reason. */
async function ask(
  address: Address,
  image: Image,
  wanted: Parameters<typeof httpGet>[1],
): ReturnType<typeof httpGet> {
  try {
    return await httpGet(address, wanted);
  } catch (cause) {
    if (!(cause instanceof TransportError)) throw cause;
    const attack = cause.code === 'too_slow' ? 'slow retrieval' : 'drop-request';
    throw refusal('UndersizedTarget', image, 'could not be fetched', { attack, cause });
  }
}

function writeAll(descriptor: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.byteLength;) at += writeSync(descriptor, piece, at);
}

export function refusal(
  code: MetadataCode,
  image: Pick<Image, 'name'>,
  what: string,
  options: { readonly attack?: Attack; readonly cause?: unknown } = {},
): MetadataError {
  return new MetadataError(code, `The image "${image.name}" ${what}.`, options);
}
