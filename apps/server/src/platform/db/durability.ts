// What survives a power cut. A commit alone survives the end of the process, not a power cut in the same moment
// (synchronous = NORMAL, for the sake of polls). What somebody relies on once it was answered is owed to the disk: it is
// written out before the answer, and one write serves everybody who waits. Where nothing is owed nothing is written.
// Source: stack.md section 3; https://www.sqlite.org/pragma.html#pragma_synchronous
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from './database.ts';

type Ledger = {
  owed: number;
  paid: number;
  /** A write that has not begun, and so will cover all that is owed by then. */
  next: Promise<void> | undefined;
};

const ledgers = new WeakMap<Database, Ledger>();

/** From inside a transaction: whoever sees what it commits can wait for the disk with `flushed`. */
export function oweFlush(db: Database): void {
  ledgerOf(db).owed += 1;
}

/** Outside a transaction. Resolves when all that was owed until now is on the disk; at once when nothing is. */
export async function flushed(db: Database): Promise<void> {
  const ledger = ledgerOf(db);
  const { owed } = ledger;
  while (ledger.paid < owed) {
    ledger.next ??= write(db, ledger);
    await ledger.next;
  }
}

/** For what was committed before this call. */
export async function flushToDisk(db: Database): Promise<void> {
  oweFlush(db);
  await flushed(db);
}

/** A transaction that owes and is still open ends before the write gets the connection. */
async function write(db: Database, ledger: Ledger): Promise<void> {
  await nextTurn();
  ledger.next = undefined;
  const covers = ledger.owed;
  await sql`PRAGMA wal_checkpoint(PASSIVE)`.execute(db);
  ledger.paid = Math.max(ledger.paid, covers);
}

function ledgerOf(db: Database): Ledger {
  const known = ledgers.get(db);
  if (known !== undefined) return known;
  const ledger: Ledger = { owed: 0, paid: 0, next: undefined };
  ledgers.set(db, ledger);
  return ledger;
}
