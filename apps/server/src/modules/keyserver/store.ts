// Keys of the roles and the chain of Roots, per environment and repository. Private keys are sealed by the vault;
// a key whose private half is gone (rotated away, or held offline) keeps its public half for the chain.
import { sql } from 'kysely';
import type { KeyId, PublicKey } from '@ota-connect/uptane';
import type { Queryable } from '../../platform/db/database.ts';
import type { Migration } from '../../platform/db/migrate.ts';

export type RepositoryRef = { readonly environment: string; readonly repository: 'director' | 'image' };
/** `time` is the Director's alone. */
export type SigningRole = 'root' | 'targets' | 'snapshot' | 'timestamp' | 'time';

export type KeyserverTables = {
  role_keys: {
    environment: string;
    repository: string;
    key_id: string;
    role: string;
    public_key: string;
    sealed_private_key: string | null;
    created_at: number;
    retired_at: number | null;
  };
  roots: {
    environment: string;
    repository: string;
    version: number;
    document: Uint8Array;
    expires_at: number;
  };
};

export const migrations: readonly Migration[] = [
  {
    id: 'keyserver/0001',
    async up(tx) {
      await sql`CREATE TABLE role_keys (environment TEXT NOT NULL, repository TEXT NOT NULL, key_id TEXT NOT NULL,
        role TEXT NOT NULL, public_key TEXT NOT NULL, sealed_private_key TEXT, created_at INTEGER NOT NULL,
        retired_at INTEGER, PRIMARY KEY (environment, repository, key_id)) STRICT`.execute(tx);
      await sql`CREATE TABLE roots (environment TEXT NOT NULL, repository TEXT NOT NULL, version INTEGER NOT NULL,
        document BLOB NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (environment, repository, version)) STRICT`.execute(
        tx,
      );
    },
  },
];

export type RoleKey = {
  readonly keyId: KeyId;
  readonly role: SigningRole;
  readonly publicKey: PublicKey;
  readonly sealedPrivateKey: string | null;
};

export type RootRow = {
  readonly version: number;
  readonly document: Uint8Array;
  readonly expires_at: number;
};

export async function activeKeys(db: Queryable, ref: RepositoryRef): Promise<readonly RoleKey[]> {
  const rows = await db
    .selectFrom('role_keys')
    .select(['key_id', 'role', 'public_key', 'sealed_private_key'])
    .where('environment', '=', ref.environment)
    .where('repository', '=', ref.repository)
    .where('retired_at', 'is', null)
    .orderBy('created_at')
    .execute();
  return rows.map((row) => ({
    keyId: row.key_id as KeyId,
    role: row.role as SigningRole,
    publicKey: JSON.parse(row.public_key) as PublicKey,
    sealedPrivateKey: row.sealed_private_key,
  }));
}

export async function insertKey(db: Queryable, ref: RepositoryRef, key: RoleKey, now: number): Promise<void> {
  const row = { ...ref, key_id: key.keyId, role: key.role, public_key: JSON.stringify(key.publicKey) };
  await db
    .insertInto('role_keys')
    .values({ ...row, sealed_private_key: key.sealedPrivateKey, created_at: now, retired_at: null })
    .execute();
}

/** Forgets the private half. */
export async function retireKey(db: Queryable, ref: RepositoryRef, keyId: KeyId, now: number): Promise<void> {
  await db
    .updateTable('role_keys')
    .set({ retired_at: now, sealed_private_key: null })
    .where('environment', '=', ref.environment)
    .where('repository', '=', ref.repository)
    .where('key_id', '=', keyId)
    .execute();
}

export async function insertRoot(db: Queryable, ref: RepositoryRef, root: RootRow): Promise<void> {
  await db
    .insertInto('roots')
    .values({ ...ref, ...root })
    .execute();
}

/** The newest one when no version is given. */
export async function findRoot(
  db: Queryable,
  ref: RepositoryRef,
  version?: number,
): Promise<RootRow | undefined> {
  let query = db
    .selectFrom('roots')
    .select(['version', 'document', 'expires_at'])
    .where('environment', '=', ref.environment)
    .where('repository', '=', ref.repository);
  if (version !== undefined) query = query.where('version', '=', version);
  return query.orderBy('version', 'desc').limit(1).executeTakeFirst();
}
