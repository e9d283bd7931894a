// Room for an image before its first byte is asked for. `fallocate` (util-linux) gives the file the blocks that it will need
// and leaves its length as it is, so that nobody else can take them. Where the file system or the program cannot, what
// was promised to other transfers of this process counts as taken; what other processes write meanwhile then ends the
// transfer with the numbers, and the next one goes on. client-protocol 3.5; client-features FIO-08, W-10.
import { fstatSync, ftruncateSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { InstallError } from '../../errors.ts';

/** Kept free beside the images, as the original keeps it. */
export const RESERVE_BYTES = 1024 * 1024;
/** A program is not started for less. */
const WORTH_A_PROGRAM_BYTES = 4 * 1024 * 1024;
const BLOCK_OF_STAT_BYTES = 512;

export type Room = {
  readonly file: string;
  readonly descriptor: number;
  readonly lengthBytes: number;
  readonly received: () => number;
};

export type DiskSpaceOptions = {
  readonly freeBytes?: (directory: string) => number;
  /** Answers whether it was done. */
  readonly allocate?: (file: string, lengthBytes: number) => Promise<boolean>;
};

export class DiskSpace {
  readonly #freeBytes: (directory: string) => number;
  readonly #allocate: (file: string, lengthBytes: number) => Promise<boolean>;
  readonly #promised = new Set<Room>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ freeBytes = freeBytesOf, allocate = allocateByProgram }: DiskSpaceOptions = {}) {
    this.#freeBytes = freeBytes;
    this.#allocate = allocate;
  }

  /** One transfer after another, so that none is promised what another is about to take. @throws InstallError `no_space` */
  reserve(room: Room): Promise<void> {
    const mine = this.#turn.then(() => this.#reserveNow(room));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** The transfer has ended, well or not. */
  release(room: Room): void {
    this.#promised.delete(room);
  }

  async #reserveNow(room: Room): Promise<void> {
    const { file, descriptor, lengthBytes } = room;
    const needed = missing(room);
    if (needed === 0) return;
    const taken = [...this.#promised].reduce((sum, other) => sum + missing(other), 0);
    const free = this.#freeBytes(dirname(file)) - taken;
    if (free < needed + RESERVE_BYTES) throw noSpace({ file, lengthBytes, needed, free });
    this.#promised.add(room);
    if (needed < WORTH_A_PROGRAM_BYTES || (await this.#allocate(file, lengthBytes))) return;
    // A part that was allocated helps nobody.
    ftruncateSync(descriptor, fstatSync(descriptor).size);
  }
}

/** What the file still has to get from the file system. */
function missing({ descriptor, lengthBytes, received }: Room): number {
  return Math.max(0, lengthBytes - Math.max(received(), fstatSync(descriptor).blocks * BLOCK_OF_STAT_BYTES));
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Without `--keep-size` the file would seem to be complete; a `fallocate` that does not know it refuses and does nothing. */
async function allocateByProgram(file: string, lengthBytes: number): Promise<boolean> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    execFile('fallocate', ['--keep-size', '--length', String(lengthBytes), file], (error) =>
      resolve(error === null),
    );
  });
}

export type Shortage = {
  readonly file: string;
  readonly lengthBytes: number;
  readonly needed: number;
  readonly free: number;
};

export function noSpace({ file, lengthBytes, needed, free }: Shortage, cause?: unknown): InstallError {
  const directory = dirname(file);
  return new InstallError(
    'no_space',
    `${directory} has ${Math.max(0, free)} bytes free; the image of ${lengthBytes} bytes, which needs ${needed} more, and a reserve of ${RESERVE_BYTES} do not fit. Free some space and try again.`,
    {
      ...(cause === undefined ? {} : { cause }),
      details: { lengthBytes, neededBytes: needed + RESERVE_BYTES, freeBytes: Math.max(0, free) },
    },
  );
}

/** The disk was filled meanwhile. */
export function filled(room: Room, cause: unknown): InstallError {
  const { file, lengthBytes, received } = room;
  return noSpace(
    { file, lengthBytes, needed: lengthBytes - received(), free: freeBytesOf(dirname(file)) },
    cause,
  );
}
