// Work that outlives a request: a small table with leases and attempts. A job is written in the transaction that
// wants it and runs at least once; handlers are idempotent. Source: stack.md, "jobs"
import type { Context } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import { newId } from '../ids.ts';

export type Job = {
  readonly id: string;
  readonly environment: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly attempts: number;
};

export type JobHandler = { readonly kind: string; run(job: Job): Promise<void> };

export type NewJob = {
  readonly environment: string;
  readonly kind: string;
  readonly payload: unknown;
  /** Milliseconds; absent: at once. */
  readonly runAt?: number;
};

const enqueuing = new WeakSet<Transaction>();

export function hasEnqueued(tx: Transaction): boolean {
  return enqueuing.has(tx);
}

export async function enqueueJob(tx: Transaction, job: NewJob): Promise<void> {
  const { environment, kind } = job;
  const row = {
    id: newId(),
    environment,
    kind,
    payload: JSON.stringify(job.payload),
    run_at: job.runAt ?? 0,
  };
  enqueuing.add(tx);
  await tx
    .insertInto('jobs')
    .values({ ...row, failed_at: null })
    .execute();
}

/** Takes the next due job for `leaseMs`; a worker that dies gives it back by letting the lease run out. */
export async function claimJob(ctx: Context, leaseMs: number): Promise<Job | undefined> {
  const now = ctx.clock.now();
  const due = ctx.db
    .selectFrom('jobs')
    .select('id')
    .where('failed_at', 'is', null)
    .where('run_at', '<=', now)
    .where('leased_until', '<=', now)
    .orderBy('run_at')
    .orderBy('id')
    .limit(1);
  const row = await ctx.db
    .updateTable('jobs')
    .set((eb) => ({ leased_until: now + leaseMs, attempts: eb('attempts', '+', 1) }))
    .where('id', 'in', due)
    .returning(['id', 'environment', 'kind', 'payload', 'attempts'])
    .executeTakeFirst();
  return row && { ...row, payload: JSON.parse(row.payload) as unknown };
}
