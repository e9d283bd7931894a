// One image into one file, whatever the network does: it goes on where an earlier run ended, from whichever address has it,
// by byte range where the server knows ranges; what has arrived is given up only when the whole turns out to be wrong.
// Never longer than the signed length, on disk when it returns. client-protocol 3.5; Uptane Standard #download_images_primary.
import type { IncomingMessage } from 'node:http';
import { areListed, MetadataError, type Hashes } from '@ota-connect/uptane';
import type { FetchProgress } from '../../ports.ts';
import { InstallError, TransportError } from '../../errors.ts';
import { DiskSpace, filled, type Room } from '../files/disk-space.ts';
import type { FileStamp } from '../files/image-file.ts';
import { PartialFile, type ByteRange } from '../files/partial-file.ts';
import { algorithmsToFind, type NewHasher } from '../files/verified-files.ts';
import { noRoomOf } from '../storage/no-room.ts';
import { placeOf } from './answered-range.ts';
import type { HttpClient } from './client.ts';
import { createMemoryKeeper } from './flat-memory.ts';
import { withoutQuery } from './gateway.ts';
import { take } from './take-body.ts';

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
  /** Of this boot; empty: unknown. */
  readonly bootId: string;
  /** Shared by all transfers into one directory; of its own when absent. */
  readonly space?: DiskSpace;
};

/** The file as it was when its hashes were complete. */
export type Downloaded = { readonly stamp: FileStamp; readonly hashes: Hashes };

/** The client, or what reads a medium as if it were one. */
export type Transfers = Pick<HttpClient, 'stream' | 'rate'>;

/** Throws TransportError, InstallError (`no_space`) or MetadataError (`TargetHashMismatch`, `OversizedTarget`, `UndersizedTarget`). */
export async function downloadFile(http: Transfers, download: Download): Promise<Downloaded> {
  const { file, lengthBytes, hashes, newHasher, bootId, space = new DiskSpace() } = download;
  const algorithms = algorithmsToFind(hashes);
  const partial = new PartialFile({ file, lengthBytes, algorithms, newHasher, bootId });
  const room = { file, lengthBytes, descriptor: partial.descriptor, received: () => partial.received };
  try {
    if (!partial.isComplete) await space.reserve(room);
    const found = await complete({ http, partial, download });
    return { hashes: found, stamp: await partial.seal() };
  } catch (error) {
    // Whoever answers wrongly now does not take away what came before.
    if (error instanceof MetadataError && !partial.hasEarlierBytes) await partial.remove();
    throw describeNoRoom(error, room);
  } finally {
    space.release(room);
    await partial.close();
  }
}

type Transfer = {
  readonly http: Transfers;
  readonly partial: PartialFile;
  readonly download: Download;
};

/** What lay there may come from another address, or from a disk that lost it: then damaged blocks, or all, are asked for again. */
async function complete(transfer: Transfer): Promise<Hashes> {
  const { partial, download } = transfer;
  await fill(transfer);
  const isFresh = partial.isFresh;
  const found = await partial.hashes(download.signal);
  if (areListed(found, download.hashes)) return found;
  if (!isFresh) {
    const mended = await mend(transfer);
    if (mended !== undefined) return mended;
    await partial.startOver();
    await fill(transfer);
  }
  // From here on nothing is left of earlier runs.
  partial.hasEarlierBytes = false;
  const again = isFresh ? found : await partial.hashes(download.signal);
  if (areListed(again, download.hashes)) return again;
  throw new MetadataError(
    'TargetHashMismatch',
    'The image that arrived does not have the hash that is signed.',
    { details: { target: download.name, expected: download.hashes, found: again } },
  );
}

async function mend(transfer: Transfer): Promise<Hashes | undefined> {
  const { partial, download } = transfer;
  const damaged = partial.damagedBlocks();
  if (damaged.length === 0) return undefined;
  for (const block of damaged) await ask(transfer, block);
  const found = await partial.hashes(download.signal);
  return areListed(found, download.hashes) ? found : undefined;
}

async function fill(transfer: Transfer): Promise<void> {
  const { partial, download } = transfer;
  const { lengthBytes, url } = download;
  let asksForRanges = true;
  while (!partial.isComplete) {
    const before = partial.received;
    const range = { start: asksForRanges ? before : 0, end: lengthBytes };
    const outcome = await ask(transfer, range);
    if (outcome === 'no_range' && range.start > 0) asksForRanges = false;
    else if (partial.received === before) throw gaveNothing(url);
  }
}

/** Asks for those bytes, and takes what is answered, be it less or more. */
async function ask({ http, partial, download }: Transfer, range: ByteRange): Promise<'taken' | 'no_range'> {
  const { url, signal, lengthBytes, onProgress, name } = download;
  const isRest = range.end === lengthBytes;
  const headers: Record<string, string> = {};
  if (range.start > 0 || !isRest) headers.Range = `bytes=${range.start}-${isRest ? '' : range.end - 1}`;
  const keepFlat = await createMemoryKeeper();
  const consume = async (message: IncomingMessage) => {
    const place = await placeOf(message, { name, url, lengthBytes, range });
    if (place === 'no_range') return place;
    const put = (chunk: Uint8Array, at: number) => {
      partial.put(chunk, at);
      keepFlat(chunk.length);
      onProgress(partial.received, lengthBytes);
    };
    await take(message, { url, name, place, lengthBytes, put, rate: http.rate });
    return 'taken';
  };
  return http.stream({ method: 'GET', url, headers, isVerified: true }, consume, signal);
}

function gaveNothing(url: string): TransportError {
  return new TransportError(
    'truncated',
    `${withoutQuery(url)} answered without any of the bytes that are missing.`,
  );
}

function describeNoRoom(error: unknown, room: Room): unknown {
  const why = noRoomOf(error);
  if (why === undefined) return error;
  if (why === 'disk_full') return filled(room, error);
  const { file, lengthBytes } = room;
  const message = `${file} would grow longer than this process may write (ulimit -f); the image has ${lengthBytes} bytes. Raise the limit and try again.`;
  return new InstallError('no_space', message, {
    cause: error,
    details: { lengthBytes, reason: 'file_limit' },
  });
}
