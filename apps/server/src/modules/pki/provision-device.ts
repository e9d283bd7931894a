// A device that holds shared credentials gets an identity of its own: key and certificate are made here and leave as
// PKCS#12; the key is not kept. Source: client-protocol 3.1
import type { DeviceRegistration } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { registerDevice } from '../device-registry/index.ts';
import { fleetAuthority, gatewayAuthority } from './authorities.ts';
import { issueCertificate, NO_EXPIRY_MS } from './issue-certificate.ts';
import { buildPkcs12 } from './pkcs12.ts';
import { insertDeviceCertificate } from './store.ts';

const DAY_MS = 86_400_000;
/** The original's default: about a century. */
const DEFAULT_VALID_DAYS = 36_000;

/** Throws RequestError `device_already_registered` or `invalid_entity`. */
export async function provisionDevice(
  ctx: Context,
  environment: string,
  registration: DeviceRegistration,
): Promise<Uint8Array> {
  const { deviceId } = registration;
  // X.509 allows 64 characters in a common name.
  if (!/^[!-~]([ -~]{0,62}[!-~])?$/.test(deviceId)) {
    throw new RequestError('invalid_entity', 'A device id is 1 to 64 printable ASCII characters.');
  }
  const now = ctx.clock.now();
  const lifetimeMs = (registration.validDays || DEFAULT_VALID_DAYS) * DAY_MS;
  const notAfterMs = Math.min(now + lifetimeMs, NO_EXPIRY_MS);
  const archive = await inTransaction(ctx.db, async (tx) => {
    const { uuid } = await registerDevice(ctx, tx, { environment, deviceId });
    const plan = { commonName: deviceId, notAfterMs, use: 'client' as const };
    const identity = await issueCertificate(plan, await fleetAuthority(ctx, tx));
    const row = { environment, fingerprint: identity.fingerprint, device_uuid: uuid, device_id: deviceId };
    await insertDeviceCertificate(tx, { ...row, issued_at: now, expires_at: notAfterMs });
    return buildPkcs12(identity, (await gatewayAuthority(ctx, tx)).certificate);
  });
  // A certificate in the field that the database has forgotten could never be used again.
  await flushToDisk(ctx.db);
  return archive;
}
