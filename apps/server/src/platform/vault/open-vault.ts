// Finds or makes the vault key at start, and refuses one that does not belong to the database: signing with other
// keys than the fleet trusts would be noticed only in the field.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { inTransaction, type Database } from '../db/database.ts';
import { ConfigError, StorageError } from '../errors.ts';
import { writeSecretFile } from '../secret-file.ts';
import { createVault, type KeyVault } from './key-vault.ts';

const PROBE = { environment: '', name: 'vault-probe' };
const PROBE_TEXT = 'this vault key belongs to this database';

/** Throws StorageError `wrong_vault_key` or ConfigError `bad_value`. */
export async function openVault(db: Database, config: Config): Promise<KeyVault> {
  const sealed = await readProbe(db);
  const vault = createVault(sealed === undefined ? obtainKey(config) : requireKey(config));
  if (sealed !== undefined) {
    vault.open(PROBE.name, sealed);
    return vault;
  }
  const probe = { ...PROBE, value: vault.seal(PROBE.name, PROBE_TEXT) };
  await inTransaction(db, (tx) => tx.insertInto('settings').values(probe).execute());
  return vault;
}

async function readProbe(db: Database): Promise<string | undefined> {
  const { environment, name } = PROBE;
  const query = db
    .selectFrom('settings')
    .select('value')
    .where('environment', '=', environment)
    .where('name', '=', name);
  return (await query.executeTakeFirst())?.value;
}

function keyFile(config: Config): string {
  return join(config.dataDir, 'vault.key');
}

function obtainKey(config: Config): Uint8Array {
  if (config.vaultKey !== undefined || existsSync(keyFile(config))) return requireKey(config);
  const key = randomBytes(32);
  writeSecretFile(keyFile(config), `${key.toString('hex')}\n`);
  return key;
}

function requireKey(config: Config): Uint8Array {
  if (config.vaultKey !== undefined) return parseKey('OTA_CONNECT_VAULT_KEY', config.vaultKey);
  if (existsSync(keyFile(config))) return parseKey(keyFile(config), readFileSync(keyFile(config), 'utf8'));
  const message = `The vault key is missing: put ${keyFile(config)} back, or set OTA_CONNECT_VAULT_KEY.`;
  throw new StorageError('wrong_vault_key', message);
}

function parseKey(source: string, text: string): Uint8Array {
  const hex = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(hex)) return Buffer.from(hex, 'hex');
  throw new ConfigError('bad_value', `${source} must hold 64 hexadecimal digits.`);
}
