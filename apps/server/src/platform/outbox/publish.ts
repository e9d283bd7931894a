// A fact is written in the transaction that made it true; who reacts is decided in wiring.ts. The event's fields are
// stored as JSON, so they are plain data: text, numbers, lists, records.
import type { Context } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import { newId } from '../ids.ts';

export type DomainEvent = { readonly type: string; readonly environment: string };

/** One reaction to one type of event. It runs in the transaction that also marks the event as handled. */
export type Reaction = {
  readonly type: string;
  react(tx: Transaction, event: DomainEvent): Promise<void>;
};

/** SQLite takes a bounded number of values in a statement. */
const ROWS_AT_ONCE = 100;

const publishing = new WeakSet<Transaction>();

/** Whether there is anything to react to after this transaction: most have nothing, and cost no look at the outbox. */
export function hasPublished(tx: Transaction): boolean {
  return publishing.has(tx);
}

/** Durable when the transaction commits; reactions run right after, in order, each exactly once. */
export async function publish<Event extends DomainEvent>(tx: Transaction, event: Event): Promise<void> {
  await publishAll(tx, [event]);
}

/** In this order. */
export async function publishAll<Event extends DomainEvent>(
  tx: Transaction,
  events: readonly Event[],
): Promise<void> {
  for (let start = 0; start < events.length; start += ROWS_AT_ONCE) {
    const rows = events.slice(start, start + ROWS_AT_ONCE).map((event) => ({
      id: newId(),
      environment: event.environment,
      type: event.type,
      body: JSON.stringify(event),
      failed_at: null,
    }));
    publishing.add(tx);
    await tx.insertInto('outbox_events').values(rows).execute();
  }
}

/** Binds a reaction to its context; the event's own type is stated once, in its `events.ts`. */
export function on<Event extends DomainEvent>(
  ctx: Context,
  type: Event['type'],
  react: (ctx: Context, tx: Transaction, event: Event) => Promise<void>,
): Reaction {
  return { type, react: (tx, event) => react(ctx, tx, event as Event) };
}
