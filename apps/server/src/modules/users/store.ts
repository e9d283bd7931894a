// Tokens that sign people and programs in to the user API. The database holds their hashes alone.
import { sql } from 'kysely';
import type { Queryable } from '../../platform/db/database.ts';
import type { Migration } from '../../platform/db/migrate.ts';

export type UsersTables = {
  api_tokens: {
    environment: string;
    id: string;
    name: string;
    token_hash: string;
    created_at: number;
    revoked_at: number | null;
  };
};

export const migrations: readonly Migration[] = [
  {
    id: 'users/0001',
    async up(tx) {
      await sql`CREATE TABLE api_tokens (environment TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, revoked_at INTEGER,
        PRIMARY KEY (environment, id)) STRICT`.execute(tx);
    },
  },
];

export type TokenRow = UsersTables['api_tokens'];

export async function insertToken(tx: Queryable, row: TokenRow): Promise<void> {
  await tx.insertInto('api_tokens').values(row).execute();
}

export async function hasTokens(db: Queryable): Promise<boolean> {
  return (await db.selectFrom('api_tokens').select('id').limit(1).executeTakeFirst()) !== undefined;
}

export async function tokenByHash(db: Queryable, hash: string): Promise<TokenRow | undefined> {
  const query = db
    .selectFrom('api_tokens')
    .selectAll()
    .where('token_hash', '=', hash)
    .where('revoked_at', 'is', null);
  return query.executeTakeFirst();
}
