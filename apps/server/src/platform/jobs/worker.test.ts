import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scratchContext } from '../../../test/scratch.ts';
import type { Context } from '../context.ts';
import { inTransaction } from '../db/database.ts';
import { claimJob, enqueueJob, type JobHandler } from './queue.ts';
import { Worker } from './worker.ts';

const enqueue = (ctx: Context, payload: unknown, runAt?: number): Promise<void> =>
  inTransaction(ctx.db, (tx) =>
    enqueueJob(tx, {
      environment: 'default',
      kind: 'note',
      payload,
      ...(runAt === undefined ? {} : { runAt }),
    }),
  );

async function work(ctx: Context, handler: JobHandler): Promise<void> {
  const worker = new Worker(ctx, [handler]);
  worker.start();
  await worker.idle();
  await worker.stop();
}

describe('jobs', () => {
  it('run once with their payload, and only when they are due', async () => {
    const ctx = await scratchContext();
    const seen: unknown[] = [];
    const handler: JobHandler = { kind: 'note', run: async (job) => void seen.push(job.payload) };
    await enqueue(ctx, { n: 1 });
    await enqueue(ctx, { n: 2 }, ctx.clock.now() + 5_000);
    await work(ctx, handler);
    assert.deepEqual(seen, [{ n: 1 }]);
    ctx.clock.advance(6_000);
    await work(ctx, handler);
    await work(ctx, handler);
    assert.deepEqual(seen, [{ n: 1 }, { n: 2 }]);
    await ctx.dispose();
  });

  it('are repeated after a failure', async () => {
    const ctx = await scratchContext();
    let runs = 0;
    const handler: JobHandler = {
      kind: 'note',
      run: async () => {
        runs += 1;
        if (runs === 1) throw new Error('on purpose');
      },
    };
    await enqueue(ctx, {});
    await work(ctx, handler);
    ctx.clock.advance(60_000);
    await work(ctx, handler);
    ctx.clock.advance(60_000);
    await work(ctx, handler);
    assert.equal(runs, 2);
    await ctx.dispose();
  });

  it('are set aside after many failures, also those nobody handles', async () => {
    const ctx = await scratchContext();
    let runs = 0;
    const handler: JobHandler = {
      kind: 'note',
      run: async () => {
        runs += 1;
        throw new Error('on purpose');
      },
    };
    await enqueue(ctx, {});
    await inTransaction(ctx.db, (tx) =>
      enqueueJob(tx, { environment: 'default', kind: 'nobody', payload: {} }),
    );
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await work(ctx, handler);
      ctx.clock.advance(3_600_000);
    }
    assert.equal(runs, 8);
    const rows = await ctx.db.selectFrom('jobs').select('failed_at').execute();
    assert.ok(rows.length === 2 && rows.every((row) => row.failed_at !== null));
    await ctx.dispose();
  });

  it('come back, when the worker that took one never finished', async () => {
    const ctx = await scratchContext();
    await enqueue(ctx, {});
    assert.equal((await claimJob(ctx, 1_000))?.kind, 'note');
    assert.equal(await claimJob(ctx, 1_000), undefined);
    ctx.clock.advance(1_500);
    assert.equal((await claimJob(ctx, 1_000))?.attempts, 2);
    await ctx.dispose();
  });
});
