// One SQLite connection with prepared statements kept and every failure named. A rollback journal (not WAL), so that
// a clean close leaves one file that the original opens; synchronous EXTRA is FULL plus a sync of the directory after
// the journal is gone, without which a power cut may undo the last commit.
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';

import { StorageError } from '../../errors.ts';
import { noRoomError, noRoomFor } from './no-room.ts';

const IO_ERROR = 10;
const BUSY_TIMEOUT_MS = 2000;
/** Who only looks on has the time to wait for a gap between the writes of a busy daemon. */
const LOOKING_TIMEOUT_MS = 10_000;

export type Row = Readonly<Record<string, unknown>>;

export type Connection = {
  readonly file: string;
  readonly readOnly: boolean;
  run(sql: string, ...values: SQLInputValue[]): void;
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): readonly Row[];
  transaction<T>(work: () => T): T;
  close(): void;
};

/** Opens the file and checks that it is whole; a damaged one is left as it is. */
export function connect(file: string, readOnly: boolean): Connection {
  return naming(file, () => {
    const database = new DatabaseSync(file, {
      readOnly,
      timeout: readOnly ? LOOKING_TIMEOUT_MS : BUSY_TIMEOUT_MS,
    });
    try {
      if (!readOnly) database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA');
      const check = database.prepare('PRAGMA quick_check(1)').get();
      if (check?.['quick_check'] !== 'ok') throw damaged(file, undefined);
    } catch (cause) {
      database.close();
      throw cause;
    }
    return connection(database, file, readOnly);
  });
}

function connection(database: DatabaseSync, file: string, readOnly: boolean): Connection {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  const transaction = <T>(work: () => T): T => {
    if (database.isTransaction) return work();
    return naming(file, () => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (cause) {
        // SQLite itself rolls back after some failures (a full disk).
        if (database.isTransaction) database.exec('ROLLBACK');
        throw cause;
      }
    });
  };
  return {
    file,
    readOnly,
    run: (sql, ...values) => void naming(file, () => prepared(sql).run(...values)),
    get: (sql, ...values) => naming(file, () => prepared(sql).get(...values)),
    all: (sql, ...values) => naming(file, () => prepared(sql).all(...values)),
    transaction,
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw named(file, cause);
  }
}

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
function named(file: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') return cause;
  const code = cause.errcode & 0xff;
  const details = { file, sqlite: cause.errcode };
  if (code === 11 || code === 26) return damaged(file, cause);
  if (code === 13) return noRoomError('disk_full', file, cause);
  if (code === 5 || code === 6) {
    return new StorageError('locked', `Another process holds ${file}.`, { cause, details });
  }
  const why = code === IO_ERROR ? noRoomFor(file) : undefined;
  if (why !== undefined) return noRoomError(why, file, cause);
  return new StorageError('io', `${file} cannot be used: ${cause.message}.`, { cause, details });
}

function damaged(file: string, cause: unknown): StorageError {
  const message = `${file} is damaged or no database; it was left as it is. Restore it from a copy, or move it away to provision the device anew.`;
  return new StorageError('corrupt', message, { cause, details: { file } });
}

/** A text column; NULL and other types count as absent. */
export function textOf(row: Row | undefined, column: string): string | undefined {
  const value = row?.[column];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number column; anything else counts as 0. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column];
  return typeof value === 'number' ? value : 0;
}

/** A BLOB column; the original also left text in such columns. */
export function bytesOf(row: Row | undefined, column: string): Uint8Array | undefined {
  const value = row?.[column];
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : undefined;
}
