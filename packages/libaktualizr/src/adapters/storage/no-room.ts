// No room for a file: a full disk, or a limit on the length of this process's files (RLIMIT_FSIZE), which needs another
// hand of the operator. Of the latter SQLite says no more than "disk I/O error", so that a probe beside the file asks.
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

import { StorageError } from '../../errors.ts';

export type NoRoom = 'disk_full' | 'file_limit';

/** What a transaction may add to a file before it is rolled back. */
const MARGIN_BYTES = 1024 * 1024;

/** Of an error of node:fs; undefined for one that has another reason. */
export function noRoomOf(cause: unknown): NoRoom | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'disk_full';
  return code === 'EFBIG' ? 'file_limit' : undefined;
}

/** Of a file that SQLite cannot write; undefined where its length is not the reason. */
export function noRoomFor(file: string): NoRoom | undefined {
  const probe = `${file}-room.${process.pid}`;
  const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  try {
    const descriptor = openSync(probe, 'w', 0o600);
    try {
      writeSync(descriptor, Buffer.alloc(1), 0, 1, size + MARGIN_BYTES);
    } finally {
      closeSync(descriptor);
    }
    return undefined;
  } catch (cause) {
    return noRoomOf(cause);
  } finally {
    rmSync(probe, { force: true });
  }
}

export function noRoomError(why: NoRoom, file: string, cause: unknown): StorageError {
  const message =
    why === 'disk_full'
      ? `The disk is full: ${file} cannot be written. Free some space and try again.`
      : `${file} would grow longer than this process may write (ulimit -f). Raise the limit and try again.`;
  return new StorageError('disk_full', message, { cause, details: { file, reason: why } });
}
