// Targets whose bytes are stored, and the newest signed document of each role.
import { sql } from 'kysely';
import type { Queryable } from '../../platform/db/database.ts';
import type { Migration } from '../../platform/db/migrate.ts';

export type PublishedRole = 'targets' | 'snapshot' | 'timestamp';

export type ImageRepoTables = {
  image_targets: {
    environment: string;
    filename: string;
    name: string;
    version: string;
    hardware_ids: string;
    length_bytes: number;
    sha256: string;
    sha512: string;
    blob_key: string;
    release_counter: number;
    created_at: number;
  };
  image_roles: {
    environment: string;
    role: PublishedRole;
    version: number;
    document: Uint8Array;
    sha256: string;
    expires_at: number;
    root_version: number;
  };
};

export const migrations: readonly Migration[] = [
  {
    id: 'image-repo/0001',
    async up(tx) {
      await sql`CREATE TABLE image_targets (environment TEXT NOT NULL, filename TEXT NOT NULL, name TEXT NOT NULL,
        version TEXT NOT NULL, hardware_ids TEXT NOT NULL, length_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
        sha512 TEXT NOT NULL, blob_key TEXT NOT NULL, release_counter INTEGER NOT NULL, created_at INTEGER NOT NULL,
        PRIMARY KEY (environment, filename)) STRICT`.execute(tx);
      await sql`CREATE INDEX image_targets_by_name ON image_targets (environment, name)`.execute(tx);
      await sql`CREATE TABLE image_roles (environment TEXT NOT NULL, role TEXT NOT NULL, version INTEGER NOT NULL,
        document BLOB NOT NULL, sha256 TEXT NOT NULL, expires_at INTEGER NOT NULL, root_version INTEGER NOT NULL,
        PRIMARY KEY (environment, role)) STRICT`.execute(tx);
    },
  },
];

/** A target that the Image repository lists. Times in milliseconds. */
export type Target = {
  readonly filename: string;
  readonly name: string;
  readonly version: string;
  readonly hardwareIds: readonly string[];
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly sha512: string;
  readonly releaseCounter: number;
  readonly createdAt: number;
  readonly blobKey: string;
};

export type RoleState = {
  readonly role: PublishedRole;
  readonly version: number;
  readonly sha256: string;
  readonly expires_at: number;
  readonly root_version: number;
};
export type RoleRow = RoleState & { readonly document: Uint8Array };

export async function findTarget(
  db: Queryable,
  environment: string,
  filename: string,
): Promise<Target | undefined> {
  const query = db.selectFrom('image_targets').selectAll().where('environment', '=', environment);
  const row = await query.where('filename', '=', filename).executeTakeFirst();
  return row && fromRow(row);
}

/** By file name, after the given one. */
export async function listTargets(
  db: Queryable,
  environment: string,
  page?: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly Target[]> {
  let query = db
    .selectFrom('image_targets')
    .selectAll()
    .where('environment', '=', environment)
    .orderBy('filename');
  if (page?.after !== undefined) query = query.where('filename', '>', page.after);
  if (page) query = query.limit(page.limit);
  return (await query.execute()).map(fromRow);
}

export async function insertTarget(db: Queryable, environment: string, target: Target): Promise<void> {
  const row = {
    environment,
    filename: target.filename,
    name: target.name,
    version: target.version,
    hardware_ids: JSON.stringify(target.hardwareIds),
    length_bytes: target.lengthBytes,
    sha256: target.sha256,
    sha512: target.sha512,
    blob_key: target.blobKey,
    release_counter: target.releaseCounter,
    created_at: target.createdAt,
  };
  await db.insertInto('image_targets').values(row).execute();
}

export type Release = Pick<Target, 'name' | 'hardwareIds' | 'releaseCounter'>;

/** What counts for the next release counter, of every target. */
export async function listReleases(db: Queryable, environment: string): Promise<readonly Release[]> {
  const rows = await db
    .selectFrom('image_targets')
    .select(['name', 'hardware_ids', 'release_counter'])
    .where('environment', '=', environment)
    .execute();
  return rows.map((row) => ({
    name: row.name,
    hardwareIds: JSON.parse(row.hardware_ids) as readonly string[],
    releaseCounter: row.release_counter,
  }));
}

export async function allBlobKeys(db: Queryable): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('image_targets').select('blob_key').execute();
  return new Set(rows.map((row) => row.blob_key));
}

/** Everything but the documents. */
export async function roleStates(db: Queryable, environment: string): Promise<readonly RoleState[]> {
  return db
    .selectFrom('image_roles')
    .select(['role', 'version', 'sha256', 'expires_at', 'root_version'])
    .where('environment', '=', environment)
    .execute();
}

export async function findRole(
  db: Queryable,
  environment: string,
  role: PublishedRole,
): Promise<RoleRow | undefined> {
  const query = db.selectFrom('image_roles').selectAll().where('environment', '=', environment);
  return query.where('role', '=', role).executeTakeFirst();
}

export async function saveRole(db: Queryable, environment: string, row: RoleRow): Promise<void> {
  const values = { environment, ...row };
  const insert = db.insertInto('image_roles').values(values);
  await insert
    .onConflict((conflict) => conflict.columns(['environment', 'role']).doUpdateSet(values))
    .execute();
}

function fromRow(row: ImageRepoTables['image_targets']): Target {
  return {
    filename: row.filename,
    name: row.name,
    version: row.version,
    hardwareIds: JSON.parse(row.hardware_ids) as string[],
    lengthBytes: row.length_bytes,
    sha256: row.sha256,
    sha512: row.sha512,
    releaseCounter: row.release_counter,
    createdAt: row.created_at,
    blobKey: row.blob_key,
  };
}
