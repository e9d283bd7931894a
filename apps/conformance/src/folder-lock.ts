// One process at a time on a folder of trusted metadata: two in turn would each put back what the other brought forward.
// An exclusive SQLite transaction on an empty file: the kernel drops it with the process, so nothing is stale after a kill.
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from './errors.ts';

const WAIT_MS = 2000;

/** Runs `work` while no other process is on the folder. @throws StorageError locked */
export async function alone<T>(folder: string, work: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const lock = hold(folder, waitMs);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

function hold(folder: string, waitMs: number): DatabaseSync {
  const database = new DatabaseSync(path.join(folder, '.lock'), { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database.close();
    throw new StorageError('locked', `Another process is working with ${folder}.`, { cause });
  }
}
