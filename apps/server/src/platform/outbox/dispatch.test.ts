import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scratchContext } from '../../../test/scratch.ts';
import type { Context } from '../context.ts';
import { inTransaction, type Transaction } from '../db/database.ts';
import { Dispatcher } from './dispatch.ts';
import { on, publish, type DomainEvent } from './publish.ts';

type Counted = DomainEvent & { readonly type: 'Counted'; readonly n: number };

const counted = (n: number): Counted => ({ type: 'Counted', environment: 'default', n });

/** A reaction with an effect in the database, so that a repeated one would be seen. */
async function record(_ctx: Context, tx: Transaction, event: Counted): Promise<void> {
  const row = { environment: 'default', name: `reacted ${event.n}`, value: 'x' };
  await tx.insertInto('settings').values(row).execute();
}

async function recorded(ctx: Context): Promise<string[]> {
  const rows = await ctx.db
    .selectFrom('settings')
    .select('name')
    .where('name', 'like', 'reacted %')
    .execute();
  return rows.map((row) => row.name);
}

async function waiting(ctx: Context): Promise<number> {
  return (await ctx.db.selectFrom('outbox_events').select('id').execute()).length;
}

describe('outbox', () => {
  it('reacts to each event once and in order, right after the commit', async () => {
    const ctx = await scratchContext();
    const order: number[] = [];
    const dispatcher = new Dispatcher(ctx, [
      on<Counted>(ctx, 'Counted', record),
      on<Counted>(ctx, 'Counted', async (_ctx, _tx, event) => void order.push(event.n)),
    ]);
    dispatcher.start();
    for (let n = 1; n <= 5; n += 1) await inTransaction(ctx.db, (tx) => publish(tx, counted(n)));
    await dispatcher.idle();
    assert.deepEqual(order, [1, 2, 3, 4, 5]);
    assert.equal((await recorded(ctx)).length, 5);
    assert.equal(await waiting(ctx), 0);
    await ctx.dispose();
  });

  it('lets others in between two events, however many wait', async () => {
    const ctx = await scratchContext();
    let reacted = 0;
    const seen: number[] = [];
    const react = async (): Promise<void> => {
      reacted += 1;
      setImmediate(() => seen.push(reacted));
    };
    const dispatcher = new Dispatcher(ctx, [on<Counted>(ctx, 'Counted', react)]);
    await inTransaction(ctx.db, async (tx) => {
      for (let n = 1; n <= 3; n += 1) await publish(tx, counted(n));
    });
    dispatcher.start();
    await dispatcher.idle();
    assert.deepEqual(seen, [1, 2, 3]);
    await ctx.dispose();
  });

  it('forgets events of a transaction that was rolled back', async () => {
    const ctx = await scratchContext();
    const failing = inTransaction(ctx.db, async (tx) => {
      await publish(tx, counted(1));
      throw new Error('on purpose');
    });
    await assert.rejects(failing);
    assert.equal(await waiting(ctx), 0);
    await ctx.dispose();
  });

  it('reacts at the next start to what was left behind', async () => {
    const ctx = await scratchContext();
    await inTransaction(ctx.db, (tx) => publish(tx, counted(7)));
    const dispatcher = new Dispatcher(ctx, [on<Counted>(ctx, 'Counted', record)]);
    dispatcher.start();
    await dispatcher.idle();
    assert.deepEqual(await recorded(ctx), ['reacted 7']);
    await ctx.dispose();
  });

  it('undoes a reaction that throws, and repeats it until it holds', async () => {
    const ctx = await scratchContext();
    let failures = 2;
    const reaction = on<Counted>(ctx, 'Counted', async (_ctx, tx, event) => {
      await record(ctx, tx, event);
      if (failures-- > 0) throw new Error('on purpose');
    });
    await inTransaction(ctx.db, (tx) => publish(tx, counted(1)));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const dispatcher = new Dispatcher(ctx, [reaction]);
      dispatcher.start();
      await dispatcher.idle();
      await dispatcher.stop();
      ctx.clock.advance(60_000);
    }
    assert.deepEqual(await recorded(ctx), ['reacted 1']);
    assert.equal(await waiting(ctx), 0);
    await ctx.dispose();
  });

  it('sets an event aside that always fails, and goes on with the next', async () => {
    const ctx = await scratchContext();
    const reaction = on<Counted>(ctx, 'Counted', async (_ctx, tx, event) => {
      if (event.n === 1) throw new Error('on purpose');
      await record(ctx, tx, event);
    });
    await inTransaction(ctx.db, (tx) => publish(tx, counted(1)));
    await inTransaction(ctx.db, (tx) => publish(tx, counted(2)));
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const dispatcher = new Dispatcher(ctx, [reaction]);
      dispatcher.start();
      await dispatcher.idle();
      await dispatcher.stop();
      ctx.clock.advance(60_000);
    }
    assert.deepEqual(await recorded(ctx), ['reacted 2']);
    assert.equal(await waiting(ctx), 1);
    await ctx.dispose();
  });
});
