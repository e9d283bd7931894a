// One process on one storage. The lock is an exclusive SQLite transaction on the empty file storage.lock, held until
// close: the kernel drops it with the process, so nothing is stale after a kill, and it collides with the lock that the
// original takes on the same file. A pid file beside it serves the message alone. client-protocol 10.6.
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StorageError } from '../../errors.ts';
import { noRoomError, noRoomFor } from './no-room.ts';

/** A lock waits for the holder that is just going away, not longer. */
const WAIT_MS = 300;
const BUSY = 5;
const NOT_A_DATABASE = 26;
const FULL = 13;

export type StorageLock = { release(): void };

/** Throws StorageError 'locked', with the holder's pid in `details` where it can be known. */
export function lockStorage(directory: string): StorageLock {
  const file = join(directory, 'storage.lock');
  const pidFile = join(directory, 'storage.pid');
  const held = hold(file, pidFile);
  const hasPidFile = writePid(pidFile);
  return {
    release: () => {
      if (!held.isOpen) return;
      if (hasPidFile) rmSync(pidFile, { force: true });
      held.close();
    },
  };
}

/** On a full disk there is none, and a device that needs no more space works on. */
function writePid(pidFile: string): boolean {
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return false;
    throw cause;
  }
}

function hold(file: string, pidFile: string): DatabaseSync {
  const database = open(file);
  try {
    begin(database, file);
    return database;
  } catch (cause) {
    database.close();
    if (primaryCode(cause) === BUSY) throw locked(file, holder(file, pidFile), cause);
    throw unusable(file, cause);
  }
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: WAIT_MS });
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): StorageError {
  const why = primaryCode(cause) === FULL ? 'disk_full' : noRoomFor(file);
  if (why !== undefined) return noRoomError(why, file, cause);
  return new StorageError('io', `The lock file ${file} cannot be used.`, { cause, details: { file } });
}

function begin(database: DatabaseSync, file: string): void {
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    if (primaryCode(cause) !== NOT_A_DATABASE) throw cause;
    // The file has no content of its own: whatever stands there was not written by a holder.
    truncateSync(file);
    database.exec('BEGIN EXCLUSIVE');
  }
}

function primaryCode(cause: unknown): number | undefined {
  return cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number'
    ? cause.errcode & 0xff
    : undefined;
}

function locked(file: string, pid: number | undefined, cause: unknown): StorageError {
  const who = pid === undefined ? 'Another aktualizr' : `Another aktualizr (pid ${pid})`;
  return new StorageError(
    'locked',
    `${who} is working with this storage: stop it, or wait until it has ended.`,
    {
      cause,
      details: { file, ...(pid === undefined ? {} : { pid }) },
    },
  );
}

/** The kernel's own list first, since a pid file may have outlived its writer. */
function holder(file: string, pidFile: string): number | undefined {
  const inode = statSync(file).ino;
  const locks = readIfThere('/proc/locks');
  const line = locks?.split('\n').find((text) => text.includes(`:${inode} `) && text.includes('WRITE'));
  const listed = Number(line?.split(/\s+/)[4]);
  if (listed > 0) return listed;
  const written = Number(readIfThere(pidFile)?.trim());
  return Number.isSafeInteger(written) && written > 0 ? written : undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    // Only a better message is lost: not Linux, or the holder wrote no pid.
    if (cause instanceof Error) return undefined;
    throw cause;
  }
}
