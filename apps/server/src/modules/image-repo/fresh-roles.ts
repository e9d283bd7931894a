// No device is ever served a document that is about to expire, or one signed by keys that Root no longer lists: such
// documents are signed anew when they are asked for. Source: server-protocol 5.1
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable, type Transaction } from '../../platform/db/database.ts';
import { flushed } from '../../platform/db/durability.ts';
import { rootVersion } from '../keyserver/index.ts';
import { LIFETIMES, publishSnapshot, publishTargets, publishTimestamp } from './publish-roles.ts';
import { findRole, roleStates, type PublishedRole, type RoleRow } from './store.ts';

const REFRESH_BEFORE_MS = 60 * 60_000;

/** The document to serve. */
export async function freshRole(
  ctx: Context,
  environment: string,
  role: PublishedRole,
): Promise<RoleRow | undefined> {
  if ((await stalest(ctx, ctx.db, environment)) !== undefined) {
    await inTransaction(ctx.db, (tx) => refreshRoles(ctx, tx, environment));
  }
  const row = await findRole(ctx.db, environment, role);
  // A version that a device has seen must never be given to other content.
  await flushed(ctx.db);
  return row;
}

/** Signs the lowest role that needs it, and with it all that rest on it. */
export async function refreshRoles(ctx: Context, tx: Transaction, environment: string): Promise<void> {
  const role = await stalest(ctx, tx, environment);
  if (role === 'targets') await publishTargets(ctx, tx, environment, LIFETIMES.refresh);
  if (role === 'snapshot') await publishSnapshot(ctx, tx, environment, LIFETIMES.refresh);
  if (role === 'timestamp') await publishTimestamp(ctx, tx, environment, LIFETIMES.refresh);
}

async function stalest(ctx: Context, db: Queryable, environment: string): Promise<PublishedRole | undefined> {
  const states = await roleStates(db, environment);
  const currentRoot = await rootVersion(db, { environment, repository: 'image' });
  const soon = ctx.clock.now() + REFRESH_BEFORE_MS;
  const order: readonly PublishedRole[] = ['targets', 'snapshot', 'timestamp'];
  return order.find((role) => {
    const state = states.find((candidate) => candidate.role === role);
    return state === undefined || state.root_version !== currentRoot || state.expires_at < soon;
  });
}
