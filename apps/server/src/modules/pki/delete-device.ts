// The end of a device: its certificates open nothing from now on, also on connections that are open, and the rest of it
// goes in the same transaction. It may be provisioned again, as a new device, under the same device id.
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { forgetPeers } from '../../platform/http/authenticate-device.ts';
import { removeDevice } from '../device-registry/index.ts';
import { removeDeviceCertificates } from './store.ts';

/** Throws RequestError `missing_entity`. */
export async function deleteDevice(ctx: Context, environment: string, uuid: string): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    await removeDevice(ctx, tx, { environment, uuid });
    await removeDeviceCertificates(tx, environment, uuid);
  });
  forgetPeers(ctx);
}
