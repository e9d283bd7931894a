// Files that are whole or not there: written beside, forced to the disk, moved into place.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { StorageError } from './errors.ts';

/** @throws StorageError */
export function writeDurably(file: string, bytes: Uint8Array): void {
  // Never ends in `.json`: what does is trusted.
  const beside = `${file}.new`;
  storing(file, () => {
    const descriptor = openSync(beside, 'w', 0o600);
    try {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    moveDurably(beside, file);
  });
}

/** What was moved stays moved when the power goes. */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to);
  forceFolder(path.dirname(to));
}

/** @throws StorageError */
export function removeDurably(file: string): void {
  storing(file, () => {
    rmSync(file, { force: true });
    forceFolder(path.dirname(file));
  });
}

/** @throws StorageError */
export function readIfThere(file: string): Uint8Array | undefined {
  return storing(file, () => {
    try {
      return readFileSync(file);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** @throws StorageError */
export function makeFolder(folder: string): string {
  return storing(folder, () => {
    makeLevels(path.resolve(folder));
    return folder;
  });
}

/** Level by level: `recursive` spins for ever where a folder is there and takes no entries, as `/proc`. */
function makeLevels(folder: string): void {
  if (isFolder(folder)) return;
  if (path.dirname(folder) !== folder) makeLevels(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process was faster.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Runs what touches a file and names the file in what goes wrong. @throws StorageError */
export function storing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown';
    throw new StorageError('io', `${file} cannot be read or written: ${why}.`, { cause });
  }
}

function forceFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
