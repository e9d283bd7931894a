import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sql } from 'kysely';
import { scratchContext } from '../../../test/scratch.ts';
import { scratchFolder } from '../../../test/scratch-folder.ts';
import { inTransaction, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

const setting = (name: string) => ({ environment: 'default', name, value: 'x' });

describe('database', () => {
  it('keeps nothing of a transaction that throws', async () => {
    const ctx = await scratchContext();
    const failing = inTransaction(ctx.db, async (tx) => {
      await tx.insertInto('settings').values(setting('half')).execute();
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    const rows = await ctx.db.selectFrom('settings').select('name').where('name', '=', 'half').execute();
    assert.deepEqual(rows, []);
    await ctx.dispose();
  });

  it('runs transactions one after the other, when many start at once', async () => {
    const ctx = await scratchContext();
    await ctx.db
      .insertInto('settings')
      .values({ ...setting('counter'), value: '0' })
      .execute();
    const count = () =>
      inTransaction(ctx.db, async (tx) => {
        const row = await tx
          .selectFrom('settings')
          .select('value')
          .where('name', '=', 'counter')
          .executeTakeFirst();
        await new Promise((resolve) => setImmediate(resolve));
        const value = String(Number(row?.value) + 1);
        await tx.updateTable('settings').set({ value }).where('name', '=', 'counter').execute();
      });
    await Promise.all(Array.from({ length: 20 }, count));
    const row = await ctx.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'counter')
      .executeTakeFirst();
    assert.equal(row?.value, '20');
    await ctx.dispose();
  });

  it('names the mistake, when the database is used inside a transaction', async () => {
    const ctx = await scratchContext();
    const misused = inTransaction(ctx.db, () => ctx.db.selectFrom('settings').selectAll().execute());
    await assert.rejects(misused, { code: 'invariant_broken' });
    await ctx.db.selectFrom('settings').selectAll().execute();
    await ctx.dispose();
  });

  it('refuses a file that is no database, and leaves it as it was', () => {
    const path = join(scratchFolder(), 'ota-connect.db');
    writeFileSync(path, 'this was a database once '.repeat(400));
    const before = readFileSync(path);
    assert.throws(() => openDatabase(path), { code: 'corrupt' });
    assert.deepEqual(readFileSync(path), before);
  });

  it('refuses a database with a damaged page, and leaves it as it was', async () => {
    const dataDir = scratchFolder();
    const path = join(dataDir, 'ota-connect.db');
    const ctx = await scratchContext(dataDir);
    for (let i = 0; i < 500; i += 1)
      await ctx.db
        .insertInto('settings')
        .values(setting(`name ${i}`))
        .execute();
    await ctx.db.destroy();
    const bytes = readFileSync(path);
    for (let page = 4; page * 4096 < bytes.length; page += 1) bytes.fill(0xa5, page * 4096, page * 4096 + 64);
    writeFileSync(path, bytes);
    assert.throws(() => openDatabase(path), { code: 'corrupt' });
    assert.deepEqual(readFileSync(path), bytes);
  });
});

describe('migrations', () => {
  it('are applied once, in order, and what failed is not recorded', async () => {
    const db = openDatabase(join(scratchFolder(), 'ota-connect.db'));
    const clock = { now: () => 0 };
    const seen: string[] = [];
    const step = (id: string, statement = sql`SELECT 1`) => ({
      id,
      up: async (tx: Parameters<Parameters<typeof inTransaction>[1]>[0]) => {
        seen.push(id);
        await statement.execute(tx);
      },
    });
    await migrate(db, clock, [step('a'), step('b')]);
    await migrate(db, clock, [step('a'), step('b'), step('c')]);
    assert.deepEqual(seen, ['a', 'b', 'c']);
    await assert.rejects(
      migrate(db, clock, [...['a', 'b', 'c'].map((id) => step(id)), step('d', sql`NONSENSE`)]),
      { code: 'migration_failed' },
    );
    const rows = await db.selectFrom('migrations').select('id').execute();
    assert.deepEqual(rows.map((row) => row.id).toSorted(), ['a', 'b', 'c']);
    await db.destroy();
  });

  it('are refused by a server older than the database', async () => {
    const db = openDatabase(join(scratchFolder(), 'ota-connect.db'));
    const step = { id: 'from the future', up: async () => undefined };
    await migrate(db, { now: () => 0 }, [step]);
    await assert.rejects(migrate(db, { now: () => 0 }, []), { code: 'newer_database' });
    await db.destroy();
  });
});
