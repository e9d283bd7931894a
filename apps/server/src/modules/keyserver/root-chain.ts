// The chain of Roots as devices walk it. A Root about to expire is followed by the next one with the same keys, so
// that no device ever meets an expired chain end. Source: server-protocol 5.1, 6; client-protocol 14 (30)
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable, type Transaction } from '../../platform/db/database.ts';
import { flushed } from '../../platform/db/durability.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { buildRoot, keysOf, signerOf } from './root-document.ts';
import { activeKeys, findRoot, insertRoot, type RepositoryRef, type RootRow } from './store.ts';

const REFRESH_BEFORE_MS = 60 * 60_000;

/** The given version, or the newest. undefined when there is none. */
export async function rootChain(
  ctx: Context,
  tx: Transaction,
  ref: RepositoryRef,
  version?: number,
): Promise<Uint8Array | undefined> {
  await refreshExpiring(ctx, tx, ref);
  return (await findRoot(tx, ref, version))?.document;
}

/** For a request outside a transaction. Throws RequestError `root_role_not_found`: the end of the chain. */
export async function serveRoot(ctx: Context, ref: RepositoryRef, version?: number): Promise<Uint8Array> {
  if (isExpiring(ctx, await findRoot(ctx.db, ref))) {
    await inTransaction(ctx.db, (tx) => refreshExpiring(ctx, tx, ref));
  }
  const root = await findRoot(ctx.db, ref, version);
  await flushed(ctx.db);
  if (root) return root.document;
  throw new RequestError('root_role_not_found', `There is no Root of version ${version ?? 'any'}.`);
}

/** What a stored document was signed under: when it is no longer the newest, the document has to be signed anew. */
export async function rootVersion(db: Queryable, ref: RepositoryRef): Promise<number> {
  return (await findRoot(db, ref))?.version ?? 0;
}

function isExpiring(ctx: Context, root: RootRow | undefined): boolean {
  return root !== undefined && root.expires_at - ctx.clock.now() < REFRESH_BEFORE_MS;
}

async function refreshExpiring(ctx: Context, tx: Transaction, ref: RepositoryRef): Promise<void> {
  const newest = await findRoot(tx, ref);
  if (!newest || !isExpiring(ctx, newest)) return;
  const keys = await activeKeys(tx, ref);
  const signers = keysOf(keys, 'root').map((key) => signerOf(ctx, ref, key));
  await insertRoot(tx, ref, await buildRoot(ctx, { version: newest.version + 1, keys, signers }));
}
