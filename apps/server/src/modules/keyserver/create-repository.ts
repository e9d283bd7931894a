// A repository begins with one key per role and Root 1.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { buildRoot, keysOf, newRoleKey, signerOf } from './root-document.ts';
import { findRoot, insertKey, insertRoot, type RepositoryRef, type SigningRole } from './store.ts';

const ROLES: readonly SigningRole[] = ['root', 'targets', 'snapshot', 'timestamp'];

/** Does nothing when the repository is there. */
export async function createRepository(ctx: Context, tx: Transaction, ref: RepositoryRef): Promise<void> {
  if (await findRoot(tx, ref)) return;
  const keys = [];
  for (const role of ROLES) {
    const key = await newRoleKey(ctx, ref, role);
    await insertKey(tx, ref, key, ctx.clock.now());
    keys.push(key);
  }
  const signers = keysOf(keys, 'root').map((key) => signerOf(ctx, ref, key));
  await insertRoot(tx, ref, await buildRoot(ctx, { version: 1, keys, signers }));
}
