// The one database of the server: Kysely over node:sqlite, one connection, so that transactions are serialised.
// A corrupt file is found before anything is written to it. `Tables` is composed from the tables each module owns.
// Source: stack.md section 3
import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, SqliteDatabase, Transaction as KyselyTransaction } from 'kysely';
import { BugError, StorageError } from '../errors.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
export type Transaction = KyselyTransaction<Tables>;
export type Queryable = Database | Transaction;

type CommitListener = (tx: Transaction) => void;

const commitListeners = new WeakMap<Database, Set<CommitListener>>();
const insideTransaction = new AsyncLocalStorage<true>();

/** Throws StorageError `corrupt`; the file is then as it was. */
export function openDatabase(path: string): Database {
  if (existsSync(path)) refuseCorruptFile(path);
  const sqlite = new DatabaseSync(path);
  sqlite.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456;`);
  const db: Database = new Kysely<Tables>({ dialect: new OneConnectionDialect(sqlite) });
  commitListeners.set(db, new Set());
  return db;
}

/**
 * All or nothing, one at a time. Inside `work` only `tx` may be used: a query through the database would wait for the
 * transaction it is part of, so it is refused at once.
 */
export async function inTransaction<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { result, tx } = await db.transaction().execute(async (open) => {
    return { tx: open, result: await insideTransaction.run(true, () => work(open)) };
  });
  for (const listener of commitListeners.get(db) ?? []) listener(tx);
  return result;
}

/** Calls `listener` after each commit of inTransaction, to know the transaction by; it must not throw. */
export function onCommit(db: Database, listener: CommitListener): void {
  commitListeners.get(db)?.add(listener);
}

function refuseCorruptFile(path: string): void {
  const problem = findCorruption(path);
  if (problem === undefined) return;
  throw new StorageError(
    'corrupt',
    `The database ${path} is damaged; nothing was changed. Restore it from a backup, or move the data directory away to start anew.`,
    { cause: problem },
  );
}

function findCorruption(path: string): unknown {
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { readOnly: true });
    const verdict = sqlite.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    return verdict === 'ok' ? undefined : new Error(String(verdict));
  } catch (error) {
    return error;
  } finally {
    sqlite?.close();
  }
}

/** Prepared statements are kept: the same few hundred texts serve every request. */
function wrap(sqlite: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return {
    close: () => sqlite.close(),
    prepare(sql) {
      const known = statements.get(sql);
      if (known) return known;
      if (statements.size >= 500) statements.clear();
      const statement = sqlite.prepare(sql);
      const wrapped = {
        reader: statement.columns().length > 0,
        all: (values: readonly unknown[]) => statement.all(...(values as SQLInputValue[])),
        run: (values: readonly unknown[]) => statement.run(...(values as SQLInputValue[])),
        iterate: (values: readonly unknown[]) => statement.iterate(...(values as SQLInputValue[])),
      };
      statements.set(sql, wrapped);
      return wrapped;
    },
  };
}

class OneConnectionDialect extends SqliteDialect {
  readonly #sqlite: DatabaseSync;

  constructor(sqlite: DatabaseSync) {
    super({ database: wrap(sqlite) });
    this.#sqlite = sqlite;
  }

  override createDriver(): SqliteDriver {
    return new OneConnectionDriver(this.#sqlite);
  }

  // Kysely's own queue would hang silently where ours can name the mistake.
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsMultipleConnections(): false {
        return true as unknown as false;
      }
    })();
  }
}

class OneConnectionDriver extends SqliteDriver {
  readonly #sqlite: DatabaseSync;
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  constructor(sqlite: DatabaseSync) {
    super({ database: wrap(sqlite) });
    this.#sqlite = sqlite;
  }

  // A full disk makes SQLite roll back by itself; a second rollback would hide that error behind its own.
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#sqlite.isTransaction) await super.rollbackTransaction(connection);
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    if (insideTransaction.getStore())
      throw new BugError('The database was used inside a transaction; use its tx.');
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    // The connection passes on directly: a newcomer must not slip in between.
    if (next) next();
    else this.#taken = false;
  }
}
