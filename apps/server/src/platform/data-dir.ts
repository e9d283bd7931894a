// One server per data directory. The lock is SQLite's own on an empty file: the system drops it when the process ends,
// however it ends, so nothing stale is ever left to clean up. A file beside it names the holder for people.
// The directory is ours alone: it is created 0700; one that belongs to somebody else, or that others may write to, is
// refused, since whoever writes there owns the fleet; one that others may read is closed.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from './errors.ts';

export type DataDirLock = { release(): void };

const SQLITE_BUSY = 5;

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o055;

/** Throws StorageError `data_dir_in_use`, `data_dir_unusable`, `data_dir_unsafe`. */
export function lockDataDir(dataDir: string): DataDirLock {
  const lock = openLock(dataDir);
  const pidFile = join(dataDir, 'server.pid');
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
    throw isBusy ? inUse(dataDir, pidFile, cause) : unusable(dataDir, cause);
  }
  rmSync(pidFile, { force: true });
  writeFileSync(pidFile, `${process.pid}\n`, { flag: 'wx' });
  return {
    release() {
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

function openLock(dataDir: string): DatabaseSync {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    requireOurs(dataDir);
    return new DatabaseSync(join(dataDir, 'lock'));
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw unusable(dataDir, cause);
  }
}

function requireOurs(dataDir: string): void {
  // Windows has no such bits and reports all of them.
  if (process.platform === 'win32') return;
  const { mode, uid } = statSync(dataDir);
  const us = process.geteuid?.();
  if (us !== undefined && uid !== us) {
    throw unsafe(`The data directory ${dataDir} belongs to another user (${uid}, this is ${us})`);
  }
  if ((mode & OTHERS_WRITE) !== 0) {
    const found = (mode & 0o777).toString(8);
    throw unsafe(`The data directory ${dataDir} may be written by other users (mode ${found})`);
  }
  if ((mode & OTHERS_READ) !== 0) chmodSync(dataDir, 0o700);
}

function unsafe(finding: string): StorageError {
  const message = `${finding}: make it yours with chmod 700 or chown after checking who has been there, or choose another --data-dir.`;
  return new StorageError('data_dir_unsafe', message);
}

function unusable(dataDir: string, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError('data_dir_unusable', `The data directory ${dataDir} cannot be used: ${reason}.`, {
    cause,
  });
}

function inUse(dataDir: string, pidFile: string, cause: unknown): StorageError {
  const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'unknown';
  const message = `Another OTA Connect (process ${pid}) uses ${dataDir}. Stop it, or choose another --data-dir.`;
  return new StorageError('data_dir_in_use', message, { cause });
}
