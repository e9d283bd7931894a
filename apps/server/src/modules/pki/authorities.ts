// The two authorities of a server: one that devices trust to know the gateway, one that the gateway trusts to know its
// devices. Apart, so that no device certificate can ever pose as the gateway. They do not expire: a fleet in the field
// could not be told of a new one. The gateway's own certificate is renewed well before its end.
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { issueCertificate, NO_EXPIRY_MS, type CertificatePlan } from './issue-certificate.ts';
import {
  findServerCertificate,
  saveServerCertificate,
  type CertificateKind,
  type ServerCertificateRow,
} from './store.ts';

const GATEWAY_LIFETIME_MS = 397 * 86_400_000;
const RENEW_BEFORE_MS = 60 * 86_400_000;
const ALWAYS_NAMED = ['localhost', '127.0.0.1', '::1'];

/** PEM. */
export type CertificateAndKey = { readonly certificate: string; readonly privateKey: string };

/** What the gateway listens with, and whom it and its devices trust. */
export type GatewayCredentials = CertificateAndKey & {
  readonly gatewayAuthority: string;
  readonly fleetAuthority: string;
};

export async function fleetAuthority(ctx: Context, tx: Transaction): Promise<CertificateAndKey> {
  return authority(ctx, tx, 'fleet-authority', 'OTA Connect fleet');
}

export async function gatewayAuthority(ctx: Context, tx: Transaction): Promise<CertificateAndKey> {
  return authority(ctx, tx, 'gateway-authority', 'OTA Connect gateway');
}

/** Makes what is missing, renews what is near its end or lacks a configured name. */
export async function gatewayCredentials(ctx: Context): Promise<GatewayCredentials> {
  return inTransaction(ctx.db, async (tx) => {
    const fleet = await fleetAuthority(ctx, tx);
    const issuer = await gatewayAuthority(ctx, tx);
    const own = await gatewayCertificate(ctx, tx, issuer);
    return { ...own, gatewayAuthority: issuer.certificate, fleetAuthority: fleet.certificate };
  });
}

async function authority(
  ctx: Context,
  tx: Transaction,
  kind: CertificateKind,
  name: string,
): Promise<CertificateAndKey> {
  const known = await findServerCertificate(tx, kind);
  if (known) return unseal(ctx, known);
  return issueAndSave(
    ctx,
    tx,
    { kind, hostNames: '' },
    { commonName: name, notAfterMs: NO_EXPIRY_MS, use: 'authority' },
  );
}

async function gatewayCertificate(
  ctx: Context,
  tx: Transaction,
  issuer: CertificateAndKey,
): Promise<CertificateAndKey> {
  const serverNames = [...new Set([...ALWAYS_NAMED, ...ctx.config.hostNames])];
  const hostNames = serverNames.join(',');
  const known = await findServerCertificate(tx, 'gateway');
  const isGood = known?.host_names === hostNames && known.expires_at - ctx.clock.now() > RENEW_BEFORE_MS;
  if (known && isGood) return unseal(ctx, known);
  const plan = {
    commonName: ctx.config.hostNames[0] ?? 'localhost',
    notAfterMs: ctx.clock.now() + GATEWAY_LIFETIME_MS,
    use: { serverNames },
    issuer,
  };
  return issueAndSave(ctx, tx, { kind: 'gateway', hostNames }, plan);
}

async function issueAndSave(
  ctx: Context,
  tx: Transaction,
  row: { readonly kind: CertificateKind; readonly hostNames: string },
  plan: CertificatePlan & { readonly issuer?: CertificateAndKey },
): Promise<CertificateAndKey> {
  const issued = await issueCertificate(plan, plan.issuer);
  await saveServerCertificate(tx, {
    kind: row.kind,
    certificate: issued.certificate,
    sealed_private_key: ctx.vault.seal(`certificate:${row.kind}`, issued.privateKey),
    host_names: row.hostNames,
    expires_at: plan.notAfterMs,
  });
  return issued;
}

function unseal(ctx: Context, row: ServerCertificateRow): CertificateAndKey {
  const privateKey = ctx.vault.open(`certificate:${row.kind}`, row.sealed_private_key);
  return { certificate: row.certificate, privateKey };
}
