// A device gets a new certificate for a key that it made itself. The old one stays valid to its own end, so nothing is lost
// when the answer is: the device asks again. It lasts as long as the one before it did. Source: contract
// certificate-renewal.ts; client-features W-38
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { fleetAuthority } from './authorities.ts';
import { certifyKey, NO_EXPIRY_MS } from './issue-certificate.ts';
import { readCertificateRequest } from './read-certificate-request.ts';
import { certificatesOfDevice, insertDeviceCertificate, removeExpiredCertificates } from './store.ts';

const DAY_MS = 86_400_000;
/** A device that keeps losing the answers gets along with these; one that is broken does not fill the table. */
const MOST_PER_DAY = 20;

/** Answers the new certificate as PEM. Throws RequestError `invalid_entity`, `rate_limited`, `unknown_certificate`. */
export async function renewCertificate(ctx: Context, device: Device, request: Uint8Array): Promise<string> {
  const { commonName, publicKey } = await readCertificateRequest(request);
  if (commonName !== device.deviceId) {
    const message = 'A device may renew the certificate of its own name alone.';
    throw new RequestError('invalid_entity', message);
  }
  const now = ctx.clock.now();
  const issued = await inTransaction(ctx.db, async (tx) => {
    const notAfterMs = Math.min(now + (await lifetimeMs(tx, device, now)), NO_EXPIRY_MS);
    const plan = { commonName, notAfterMs, use: 'client' as const };
    const made = await certifyKey(plan, publicKey, await fleetAuthority(ctx, tx));
    const { environment, uuid, deviceId } = device;
    await removeExpiredCertificates(tx, { environment, deviceUuid: uuid }, now);
    const row = { environment, fingerprint: made.fingerprint, device_uuid: uuid, device_id: deviceId };
    await insertDeviceCertificate(tx, { ...row, issued_at: now, expires_at: notAfterMs });
    return { ...made, notAfterMs };
  });
  // A certificate in the field that the database has forgotten could never be used again.
  await flushToDisk(ctx.db);
  ctx.log.info(
    {
      environment: device.environment,
      device: device.uuid,
      deviceId: device.deviceId,
      fingerprint: issued.fingerprint,
      expiresAt: new Date(issued.notAfterMs).toISOString(),
    },
    'A device renewed its certificate',
  );
  return issued.certificate;
}

async function lifetimeMs(tx: Transaction, device: Device, now: number): Promise<number> {
  const known = await certificatesOfDevice(tx, device.environment, device.uuid);
  const [newest] = known;
  // It was removed between the look-up of its certificate and now.
  if (newest === undefined) throw new RequestError('unknown_certificate', 'This device was removed.');
  if (known.filter((row) => row.issued_at > now - DAY_MS).length > MOST_PER_DAY) {
    throw new RequestError('rate_limited', 'This device has renewed its certificate too often today.');
  }
  return newest.expires_at - newest.issued_at;
}
