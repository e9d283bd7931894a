// Applies the migrations that a database lacks, in the order of the list, each in its own transaction.
// A migration is never edited once released: a later one corrects it.
import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import { StorageError } from '../errors.ts';
import { inTransaction, type Database, type Transaction } from './database.ts';

export type Migration = { readonly id: string; up(tx: Transaction): Promise<void> };

/** Throws StorageError `migration_failed` (what was applied before it stays) or `newer_database`. */
export async function migrate(db: Database, clock: Clock, migrations: readonly Migration[]): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT`.execute(
    db,
  );
  const rows = await db.selectFrom('migrations').select('id').execute();
  const applied = new Set(rows.map((row) => row.id));
  const known = new Set(migrations.map((migration) => migration.id));
  const foreign = rows.find((row) => !known.has(row.id));
  if (foreign) {
    const message = `The database was written by a newer OTA Connect (${foreign.id}); start that one, or restore an older backup.`;
    throw new StorageError('newer_database', message);
  }
  for (const migration of migrations) {
    if (!applied.has(migration.id)) await apply(db, clock, migration);
  }
}

async function apply(db: Database, clock: Clock, migration: Migration): Promise<void> {
  try {
    await inTransaction(db, async (tx) => {
      await migration.up(tx);
      await tx.insertInto('migrations').values({ id: migration.id, applied_at: clock.now() }).execute();
    });
  } catch (cause) {
    throw new StorageError(
      'migration_failed',
      `The database could not be brought to the form ${migration.id}.`,
      { cause },
    );
  }
}
