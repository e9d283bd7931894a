// A repository begins with one key per role and Root 1. One that an earlier release began gets the roles it lacks through
// the next Root of its chain, signed by the Root key that devices know.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { buildRoot, keysOf, newRoleKey, signerOf } from './root-document.ts';
import {
  activeKeys,
  findRoot,
  insertKey,
  insertRoot,
  type RepositoryRef,
  type RoleKey,
  type SigningRole,
} from './store.ts';

/** Originals skip a role of Root that they do not know, and read its key as any other: Ed25519, as all of ours are. */
const ROLES: Readonly<Record<RepositoryRef['repository'], readonly SigningRole[]>> = {
  director: ['root', 'targets', 'snapshot', 'timestamp', 'time'],
  image: ['root', 'targets', 'snapshot', 'timestamp'],
};

/** Does nothing when the repository is there with all its roles. */
export async function createRepository(ctx: Context, tx: Transaction, ref: RepositoryRef): Promise<void> {
  const newest = await findRoot(tx, ref);
  const before = newest === undefined ? [] : await activeKeys(tx, ref);
  const missing = ROLES[ref.repository].filter((role) => keysOf(before, role).length === 0);
  if (missing.length === 0) return;
  if (newest !== undefined && isOffline(keysOf(before, 'root'))) {
    ctx.log.warn(
      { ...ref, missing },
      'The Root key is offline: Root cannot be given the roles that it lacks',
    );
    return;
  }
  const keys = [...before];
  for (const role of missing) {
    const key = await newRoleKey(ctx, ref, role);
    await insertKey(tx, ref, key, ctx.clock.now());
    keys.push(key);
  }
  const signers = keysOf(keys, 'root').map((key) => signerOf(ctx, ref, key));
  const version = (newest?.version ?? 0) + 1;
  await insertRoot(tx, ref, await buildRoot(ctx, { version, keys, signers }));
}

/** Nothing can be signed with it, so nothing is: devices would refuse a Root that the old key did not sign. */
function isOffline(rootKeys: readonly RoleKey[]): boolean {
  return rootKeys.length === 0 || rootKeys.some((key) => key.sealedPrivateKey === null);
}
