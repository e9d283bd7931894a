// credentials.zip for shared provisioning: handed out once, its key is not kept. What it may do ends with the recorded
// date; the certificate itself lasts longer, so that a late device gets an answer that says so instead of a TLS alert.
// Source: server-protocol 3.2, client-protocol 9
import { strToU8, zipSync } from 'fflate';
import type { CreateCredentials } from '@ota-connect/contract/user';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import { newId } from '../../platform/ids.ts';
import { fleetAuthority, gatewayAuthority } from './authorities.ts';
import { issueCertificate, NO_EXPIRY_MS } from './issue-certificate.ts';
import { buildPkcs12 } from './pkcs12.ts';
import { insertCredentials } from './store.ts';

const DAY_MS = 86_400_000;
const DEFAULT_VALID_DAYS = 365;

export async function createCredentials(
  ctx: Context,
  environment: string,
  wish: CreateCredentials,
): Promise<{ readonly id: string; readonly archive: Uint8Array }> {
  const now = ctx.clock.now();
  const id = newId(now);
  const created = await inTransaction(ctx.db, async (tx) => {
    const plan = { commonName: `provisioning ${id}`, notAfterMs: NO_EXPIRY_MS, use: 'client' as const };
    const identity = await issueCertificate(plan, await fleetAuthority(ctx, tx));
    const trusted = (await gatewayAuthority(ctx, tx)).certificate;
    const archive = zipSync({
      'autoprov.url': strToU8(ctx.urls.gateway),
      'autoprov_credentials.p12': await buildPkcs12(identity, trusted),
      'server_ca.pem': strToU8(trusted),
    });
    await insertCredentials(tx, {
      environment,
      id,
      description: wish.description ?? '',
      fingerprint: identity.fingerprint,
      created_at: now,
      expires_at: now + (wish.validDays ?? DEFAULT_VALID_DAYS) * DAY_MS,
      revoked_at: null,
    });
    return { id, archive };
  });
  await flushToDisk(ctx.db);
  return created;
}
