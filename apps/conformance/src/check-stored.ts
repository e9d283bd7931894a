// What a client stored, looked at before anybody is asked: every file was verified and written whole, so one that is
// broken was damaged here. That is no attack of a server, and no reason to forget which versions were seen.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { checkFirstRoot, CodedError, type Dialect, type RepositoryName } from '@ota-connect/uptane';
import { makeFolder, readIfThere, storing } from './durable-file.ts';
import { StorageError } from './errors.ts';
import { NOTE } from './save-root.ts';

export type StoredRepository = {
  readonly name: RepositoryName;
  readonly dialect: Dialect;
  /** Where its `.json` files lie. */
  readonly folders: readonly string[];
  /** The newest Root; undefined: none yet. */
  readonly rootFile: string | undefined;
  /** What a person can do, as the end of a sentence. */
  readonly remedy: string;
};

/** Whether a whole file holds with today's keys is for verification to say. @throws StorageError corrupt */
export function checkStored({ name, dialect, folders, rootFile, remedy }: StoredRepository): void {
  for (const folder of folders)
    for (const entry of storing(folder, () => readdirSync(makeFolder(folder))))
      if (entry.endsWith('.json') || entry === NOTE) checkFile(path.join(folder, entry), parseWhole, remedy);
  if (rootFile === undefined) return;
  const check = { repository: name, dialect, limits: dialect.limits };
  checkFile(rootFile, (bytes) => checkFirstRoot(bytes, check), remedy);
}

function checkFile(file: string, check: (bytes: Uint8Array) => unknown, remedy: string): void {
  const bytes = readIfThere(file);
  if (bytes === undefined) return;
  try {
    check(bytes);
  } catch (cause) {
    if (!(cause instanceof CodedError || cause instanceof SyntaxError || cause instanceof TypeError))
      throw cause;
    throw new StorageError('corrupt', `${file} was damaged since it was stored: ${remedy}.`, { cause });
  }
}

function parseWhole(bytes: Uint8Array): void {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  if (typeof JSON.parse(text) !== 'object') throw new SyntaxError('no object');
}
