import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { scratchContext } from '../../../test/scratch.ts';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { createRepository } from '../keyserver/index.ts';
import { refreshRoles } from './fresh-roles.ts';
import { findTarget } from './store.ts';
import { uploadTarget, type Upload } from './upload-target.ts';

/** A disk that takes what is committed and then fails to write it out. */
const failingFlush: KyselyPlugin = {
  transformQuery({ node }) {
    if (JSON.stringify(node).includes('wal_checkpoint')) throw new Error('the disk failed');
    return node;
  },
  transformResult: async ({ result }) => result,
};

function uploadOf(filename: string, text: string): Upload {
  return {
    environment: 'default',
    filename,
    name: undefined,
    version: undefined,
    hardwareIds: ['gateway'],
    lengthBytes: text.length,
    body: Readable.from([Buffer.from(text)]),
  };
}

async function repository(): Promise<Context & { dispose(): Promise<void> }> {
  const ctx = await scratchContext();
  await inTransaction(ctx.db, async (tx) => {
    await createRepository(ctx, tx, { environment: 'default', repository: 'image' });
    await refreshRoles(ctx, tx, 'default');
  });
  return ctx;
}

describe('an upload', () => {
  it('keeps the bytes of what is listed, when the disk fails after that', async (test) => {
    const ctx = await repository();
    test.after(() => ctx.dispose());
    const failing = { ...ctx, db: ctx.db.withPlugin(failingFlush) };
    await assert.rejects(uploadTarget(failing, uploadOf('app-1', 'hello')), /the disk failed/);
    const target = await findTarget(ctx.db, 'default', 'app-1');
    assert.ok(target !== undefined, 'the target is listed');
    assert.equal(await ctx.blobs.has(target.blobKey), true);
  });

  it('leaves no bytes of what was refused', async (test) => {
    const ctx = await repository();
    test.after(() => ctx.dispose());
    await uploadTarget(ctx, uploadOf('app-1', 'hello'));
    await assert.rejects(uploadTarget(ctx, uploadOf('app-1', 'other')), { code: 'conflicting_entity' });
    await uploadTarget(ctx, uploadOf('app-1', 'hello'));
    assert.equal((await ctx.blobs.keys()).length, 1);
  });
});
