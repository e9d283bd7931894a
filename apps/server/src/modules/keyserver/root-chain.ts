// The chain of Roots as devices walk it. A Root about to expire is followed by the next one with the same keys, so
// that no device ever meets an expired chain end. Source: server-protocol 5.1, 6; client-protocol 14 (30)
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { buildRoot, keysOf, signerOf } from './root-document.ts';
import { activeKeys, findRoot, insertRoot, type RepositoryRef } from './store.ts';

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

/** What a stored document was signed under: when it is no longer the newest, the document has to be signed anew. */
export async function rootVersion(tx: Transaction, ref: RepositoryRef): Promise<number> {
  return (await findRoot(tx, ref))?.version ?? 0;
}

async function refreshExpiring(ctx: Context, tx: Transaction, ref: RepositoryRef): Promise<void> {
  const newest = await findRoot(tx, ref);
  if (!newest || newest.expires_at - ctx.clock.now() >= REFRESH_BEFORE_MS) return;
  const keys = await activeKeys(tx, ref);
  const signers = keysOf(keys, 'root').map((key) => signerOf(ctx, ref, key));
  await insertRoot(tx, ref, await buildRoot(ctx, { version: newest.version + 1, keys, signers }));
}
