// Hands events to their reactions: oldest first, one transaction per event for all its reactions and its removal,
// so that each reaction takes effect exactly once. One that keeps failing is set aside after MAX_ATTEMPTS and logged;
// the ones behind it go on.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { inTransaction, onCommit } from '../db/database.ts';
import { Drain } from '../drain.ts';
import { hasPublished, type DomainEvent, type Reaction } from './publish.ts';

const MAX_ATTEMPTS = 5;
const RETRY_MS = [100, 1_000, 5_000, 30_000];

type EventRow = {
  readonly id: string;
  readonly type: string;
  readonly body: string;
  readonly attempts: number;
};

export class Dispatcher {
  readonly #ctx: Context;
  readonly #reactions = new Map<string, Reaction[]>();
  readonly #drain: Drain;
  #timer: NodeJS.Timeout | undefined;

  constructor(ctx: Context, reactions: readonly Reaction[]) {
    this.#ctx = ctx;
    for (const reaction of reactions) {
      this.#reactions.set(reaction.type, [...(this.#reactions.get(reaction.type) ?? []), reaction]);
    }
    this.#drain = new Drain({
      drain: (mayGoOn) => this.#handOut(mayGoOn),
      onError: (error) => ctx.log.error({ err: error }, 'The outbox could not be read'),
    });
  }

  /** Also handles what an earlier process left behind. */
  start(): void {
    onCommit(this.#ctx.db, (tx) => {
      if (hasPublished(tx)) this.#drain.wake();
    });
    this.#drain.wake();
  }

  /** Resolves when no event waits, except those set aside or put off after a failure. */
  idle(): Promise<void> {
    return this.#drain.idle();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#drain.stop();
  }

  async #handOut(mayGoOn: () => boolean): Promise<void> {
    let row = await this.#next();
    while (row && mayGoOn()) {
      if (!(await this.#handle(row))) return;
      // SQLite never waits, so without this a long outbox would keep every request waiting.
      await nextTurn();
      row = await this.#next();
    }
  }

  async #next(): Promise<EventRow | undefined> {
    const row = await this.#ctx.db
      .selectFrom('outbox_events')
      .select(['id', 'type', 'body', 'attempts', 'not_before'])
      .where('failed_at', 'is', null)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (!row || row.not_before <= this.#ctx.clock.now()) return row;
    // Order holds: what comes behind a put-off event waits with it.
    this.#wakeAfter(row.not_before - this.#ctx.clock.now());
    return undefined;
  }

  async #handle(row: EventRow): Promise<boolean> {
    try {
      await inTransaction(this.#ctx.db, async (tx) => {
        const event = JSON.parse(row.body) as DomainEvent;
        for (const reaction of this.#reactions.get(row.type) ?? []) await reaction.react(tx, event);
        await tx.deleteFrom('outbox_events').where('id', '=', row.id).execute();
      });
      return true;
    } catch (error) {
      await this.#putOff(row, error);
      return false;
    }
  }

  async #putOff(row: EventRow, error: unknown): Promise<void> {
    const attempts = row.attempts + 1;
    const isLast = attempts >= MAX_ATTEMPTS;
    const delayMs = RETRY_MS[row.attempts] ?? 0;
    const now = this.#ctx.clock.now();
    this.#ctx.log.error(
      { err: error, event: row.type, id: row.id, attempts, setAside: isLast },
      'A reaction failed',
    );
    await this.#ctx.db
      .updateTable('outbox_events')
      .set({ attempts, not_before: now + delayMs, failed_at: isLast ? now : null })
      .where('id', '=', row.id)
      .execute();
    this.#wakeAfter(delayMs);
  }

  #wakeAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#drain.wake(), Math.max(ms, 10));
    this.#timer.unref();
  }
}
