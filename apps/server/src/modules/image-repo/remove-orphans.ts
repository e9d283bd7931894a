// A crash between storing an upload's bytes and listing it leaves a file that nothing names; it goes at the next start.
import type { Context } from '../../platform/context.ts';
import { allBlobKeys } from './store.ts';

export async function removeOrphans(ctx: Context): Promise<void> {
  const listed = await allBlobKeys(ctx.db);
  for (const key of await ctx.blobs.keys()) {
    if (!listed.has(key)) await ctx.blobs.remove(key);
  }
}
