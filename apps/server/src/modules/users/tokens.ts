// The operator's token: made at the first start, shown once through a file only its owner can read. It has 256 random
// bits, so a plain hash of it is enough at rest.
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import type { User } from '../../platform/http/authenticate-user.ts';
import { newId } from '../../platform/ids.ts';
import { writeSecretFile } from '../../platform/secret-file.ts';
import { hasTokens, insertToken, tokenByHash } from './store.ts';

export function operatorTokenFile(dataDir: string): string {
  return join(dataDir, 'operator-token');
}

/** Does nothing when any token exists. The file is written first: a token nobody knows would lock everyone out. */
export async function ensureOperatorToken(ctx: Context): Promise<void> {
  if (await hasTokens(ctx.db)) return;
  const token = `oct_${randomBytes(32).toString('base64url')}`;
  writeSecretFile(operatorTokenFile(ctx.config.dataDir), `${token}\n`);
  const row = { environment: 'default', id: newId(), name: 'operator', token_hash: hashToken(token) };
  await inTransaction(ctx.db, (tx) =>
    insertToken(tx, { ...row, created_at: ctx.clock.now(), revoked_at: null }),
  );
}

export async function findUser(ctx: Context, token: string): Promise<User | undefined> {
  const row = await tokenByHash(ctx.db, hashToken(token));
  return row && { environment: row.environment, token: { id: row.id, name: row.name } };
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
