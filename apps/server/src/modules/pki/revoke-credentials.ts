// Shared credentials that got lost: they provision nobody from now on. Devices that they have provisioned keep their own
// identity.
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { forgetPeers } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { setCredentialsRevoked } from './store.ts';

/** Throws RequestError `missing_entity`. */
export async function revokeCredentials(ctx: Context, environment: string, id: string): Promise<void> {
  const now = ctx.clock.now();
  const found = await inTransaction(ctx.db, (tx) => setCredentialsRevoked(tx, { environment, id }, now));
  if (!found) throw new RequestError('missing_entity', `There are no provisioning credentials ${id}.`);
  forgetPeers(ctx);
}
