// New Root and Targets keys: the next Root carries them and is signed by the old and the new Root key, as every device
// in the field demands. The private halves of the old ones are forgotten. Source: Uptane Standard #check_root
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { buildRoot, keysOf, newRoleKey, signerOf } from './root-document.ts';
import {
  activeKeys,
  findRoot,
  insertKey,
  insertRoot,
  retireKey,
  type RepositoryRef,
  type SigningRole,
} from './store.ts';

const ROTATED: readonly SigningRole[] = ['root', 'targets'];

/** Answers the new Root's version. Documents signed before it are signed anew when they are next asked for. */
export async function rotateRoot(ctx: Context, tx: Transaction, ref: RepositoryRef): Promise<number> {
  const newest = await findRoot(tx, ref);
  if (!newest) throw new BugError(`There is no ${ref.repository} repository to rotate.`);
  const before = await activeKeys(tx, ref);
  const fresh = await Promise.all(ROTATED.map((role) => newRoleKey(ctx, ref, role)));
  const keys = [...before.filter((key) => !ROTATED.includes(key.role)), ...fresh];
  const signers = [...keysOf(before, 'root'), ...keysOf(fresh, 'root')].map((key) => signerOf(ctx, ref, key));
  const version = newest.version + 1;
  await insertRoot(tx, ref, await buildRoot(ctx, { version, keys, signers }));
  for (const key of before.filter((old) => ROTATED.includes(old.role)))
    await retireKey(tx, ref, key.keyId, ctx.clock.now());
  for (const key of fresh) await insertKey(tx, ref, key, ctx.clock.now());
  return version;
}
