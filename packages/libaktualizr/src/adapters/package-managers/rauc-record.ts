// What RAUC does not remember for us: which target lies in which slot, and which installation waits for which slot to come
// up. One small file in the directory of the state, replaced as a whole; a damaged one is as good as none.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Hashes } from '@ota-connect/uptane';
import { StorageError } from '../../errors.ts';

export type StoredTarget = { readonly name: string; readonly hashes: Hashes };

export type RaucRecord = {
  /** By the bootloader's name of the slot. */
  readonly slots: ReadonlyMap<string, StoredTarget>;
  readonly pending?: {
    readonly target: StoredTarget;
    /** The slot that ran. */
    readonly from: string;
    /** The slot that has to run; unknown while the installation is under way. */
    readonly to?: string;
  };
};

const NOTHING: RaucRecord = { slots: new Map() };

export function loadRecord(file: string): RaucRecord {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NOTHING;
    throw error;
  }
  try {
    const { slots, pending } = JSON.parse(text) as {
      slots: [string, StoredTarget][];
      pending?: RaucRecord['pending'];
    };
    return { slots: new Map(slots), ...(pending === undefined ? {} : { pending }) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return NOTHING;
    throw error;
  }
}

/** On disk when it returns. @throws StorageError `io` */
export function saveRecord(file: string, { slots, pending }: RaucRecord): void {
  const next = `${file}.new`;
  try {
    const descriptor = openSync(next, 'w', 0o600);
    try {
      writeSync(descriptor, JSON.stringify({ slots: [...slots], pending }));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, file);
    syncDirectory(dirname(file));
  } catch (cause) {
    throw new StorageError('io', `${file} cannot be written.`, { cause, details: { file } });
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
