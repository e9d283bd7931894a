// One server per data directory. The lock is SQLite's own on an empty file: the system drops it when the process ends,
// however it ends, so nothing stale is ever left to clean up. A file beside it names the holder for people.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from './errors.ts';

export type DataDirLock = { release(): void };

const SQLITE_BUSY = 5;

/** Throws StorageError `data_dir_in_use`, `data_dir_unusable`. */
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
  writeFileSync(pidFile, `${process.pid}\n`);
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
    return new DatabaseSync(join(dataDir, 'lock'));
  } catch (cause) {
    throw unusable(dataDir, cause);
  }
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
