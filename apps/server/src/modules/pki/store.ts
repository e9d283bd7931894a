// Certificates: the two authorities, the gateway's own, shared provisioning credentials and device certificates.
// Clients are known by the SHA-256 fingerprint of their certificate, never by names in it.
import { sql } from 'kysely';
import type { Queryable } from '../../platform/db/database.ts';
import type { Migration } from '../../platform/db/migrate.ts';

export type CertificateKind = 'gateway-authority' | 'fleet-authority' | 'gateway';

export type PkiTables = {
  server_certificates: {
    kind: CertificateKind;
    certificate: string;
    sealed_private_key: string;
    host_names: string;
    expires_at: number;
  };
  provisioning_credentials: {
    environment: string;
    id: string;
    description: string;
    fingerprint: string;
    created_at: number;
    expires_at: number;
    revoked_at: number | null;
  };
  device_certificates: {
    environment: string;
    fingerprint: string;
    device_uuid: string;
    device_id: string;
    issued_at: number;
    expires_at: number;
  };
};

export const migrations: readonly Migration[] = [
  {
    id: 'pki/0001',
    async up(tx) {
      await sql`CREATE TABLE server_certificates (kind TEXT PRIMARY KEY, certificate TEXT NOT NULL,
        sealed_private_key TEXT NOT NULL, host_names TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT`.execute(
        tx,
      );
      await sql`CREATE TABLE provisioning_credentials (environment TEXT NOT NULL, id TEXT NOT NULL,
        description TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, PRIMARY KEY (environment, id)) STRICT`.execute(tx);
      await sql`CREATE TABLE device_certificates (environment TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE,
        device_uuid TEXT NOT NULL, device_id TEXT NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY (environment, fingerprint)) STRICT`.execute(tx);
      await sql`CREATE INDEX device_certificates_by_device ON device_certificates (environment, device_uuid)`.execute(
        tx,
      );
    },
  },
  {
    id: 'pki/0002',
    async up(tx) {
      await sql`ALTER TABLE provisioning_credentials ADD COLUMN revoked_at INTEGER`.execute(tx);
    },
  },
];

export type ServerCertificateRow = PkiTables['server_certificates'];
export type CredentialsRow = PkiTables['provisioning_credentials'];
export type DeviceCertificateRow = PkiTables['device_certificates'];

export async function findServerCertificate(
  db: Queryable,
  kind: CertificateKind,
): Promise<ServerCertificateRow | undefined> {
  return db.selectFrom('server_certificates').selectAll().where('kind', '=', kind).executeTakeFirst();
}

export async function saveServerCertificate(db: Queryable, row: ServerCertificateRow): Promise<void> {
  await db
    .insertInto('server_certificates')
    .values(row)
    .onConflict((conflict) => conflict.column('kind').doUpdateSet(row))
    .execute();
}

export async function insertCredentials(db: Queryable, row: CredentialsRow): Promise<void> {
  await db.insertInto('provisioning_credentials').values(row).execute();
}

/** Newest first, after the given id. */
export async function listCredentials(
  db: Queryable,
  environment: string,
  page: { readonly limit: number; readonly before: string | undefined },
): Promise<readonly CredentialsRow[]> {
  let query = db.selectFrom('provisioning_credentials').selectAll().where('environment', '=', environment);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.orderBy('id', 'desc').limit(page.limit).execute();
}

export async function credentialsByFingerprint(
  db: Queryable,
  fingerprint: string,
): Promise<CredentialsRow | undefined> {
  const query = db.selectFrom('provisioning_credentials').selectAll().where('fingerprint', '=', fingerprint);
  return query.executeTakeFirst();
}

/** False when there are none of this id. Those revoked already stay revoked since then. */
export async function setCredentialsRevoked(
  tx: Queryable,
  key: { readonly environment: string; readonly id: string },
  now: number,
): Promise<boolean> {
  const result = await tx
    .updateTable('provisioning_credentials')
    .set((row) => ({ revoked_at: row.fn.coalesce('revoked_at', row.val(now)) }))
    .where('environment', '=', key.environment)
    .where('id', '=', key.id)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function removeDeviceCertificates(
  tx: Queryable,
  environment: string,
  deviceUuid: string,
): Promise<void> {
  await tx
    .deleteFrom('device_certificates')
    .where('environment', '=', environment)
    .where('device_uuid', '=', deviceUuid)
    .execute();
}

export async function insertDeviceCertificate(db: Queryable, row: DeviceCertificateRow): Promise<void> {
  await db.insertInto('device_certificates').values(row).execute();
}

export async function deviceCertificate(
  db: Queryable,
  fingerprint: string,
): Promise<DeviceCertificateRow | undefined> {
  return db
    .selectFrom('device_certificates')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
}

/** Issued most recently first. */
export async function certificatesOfDevice(
  db: Queryable,
  environment: string,
  deviceUuid: string,
): Promise<readonly DeviceCertificateRow[]> {
  return db
    .selectFrom('device_certificates')
    .selectAll()
    .where('environment', '=', environment)
    .where('device_uuid', '=', deviceUuid)
    .orderBy('issued_at', 'desc')
    .execute();
}

/** Nobody can come with these any more: TLS refuses them. */
export async function removeExpiredCertificates(
  tx: Queryable,
  key: { readonly environment: string; readonly deviceUuid: string },
  now: number,
): Promise<void> {
  await tx
    .deleteFrom('device_certificates')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.deviceUuid)
    .where('expires_at', '<', now)
    .execute();
}
