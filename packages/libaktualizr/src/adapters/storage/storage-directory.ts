// The directory of the state: ours alone. It is created 0700; one that others may write to is refused, since whoever
// writes there owns the device; one that others may read is closed. client-protocol 10.6.
import { chmodSync, mkdirSync, statSync } from 'node:fs';

import { StorageError } from '../../errors.ts';

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o055;

export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const mode = statSync(directory).mode & 0o777;
    // Windows has no such bits and reports all of them.
    if (process.platform === 'win32') return;
    if ((mode & OTHERS_WRITE) !== 0) throw unsafe(directory, mode);
    if ((mode & OTHERS_READ) !== 0) chmodSync(directory, 0o700);
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw unusable(directory, cause);
  }
}

function unsafe(directory: string, mode: number): StorageError {
  const message = `${directory} may be written by other users (mode ${mode.toString(8)}): run "chmod 700 ${directory}" after checking who has been there.`;
  return new StorageError('unsafe_directory', message, { details: { file: directory } });
}

function unusable(directory: string, cause: unknown): StorageError {
  const reason = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const details = { file: directory };
  if (reason === 'ENOSPC') {
    return new StorageError('disk_full', `The disk is full: ${directory} cannot be made.`, {
      cause,
      details,
    });
  }
  const message = `The directory ${directory} cannot be used (${String(reason)}).`;
  return new StorageError('io', message, { cause, details });
}
