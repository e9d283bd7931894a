// Where the device's keys are: in the storage, or in a PKCS#11 token, whose code is loaded by whoever has one.
import type { Signer } from '@ota-connect/uptane';

import { createFileSigner } from '../adapters/keys/file-signer.ts';
import type { SqliteStorage } from '../adapters/storage/sqlite-storage.ts';
import { placesInToken } from '../config/token-config.ts';
import type { Config } from '../config/config.ts';
import type { PrimarySigner } from './options.ts';

export type Keys = {
  /** As the rest of the client sees it. */
  readonly storage: SqliteStorage;
  readonly signer: () => Signer;
  readonly tokenSignature?: (message: Uint8Array) => Uint8Array;
};

/** `own`: of the application; the storage keeps no Uptane key then. @throws TokenError, ConfigError, StorageError */
export async function openKeys(config: Config, stored: SqliteStorage, own?: PrimarySigner): Promise<Keys> {
  const keys = await openConfigured(config, stored);
  if (own === undefined) return keys;
  const primaryKey = () => ({ publicKey: own.publicKey, privateKey: '' });
  const identity = { ...keys.storage.identity, primaryKey };
  return { ...keys, storage: { ...keys.storage, identity }, signer: () => own };
}

async function openConfigured(config: Config, stored: SqliteStorage): Promise<Keys> {
  if (placesInToken(config).length === 0)
    return { storage: stored, signer: () => createFileSigner(stored.identity) };
  const { openTokenKeys } = await import('../adapters/keys/token-storage.ts');
  const { stores, signer, tlsSignature } = await openTokenKeys(config, stored);
  return {
    storage: { ...stored, ...stores },
    signer: signer ?? (() => createFileSigner(stored.identity)),
    ...(tlsSignature === undefined ? {} : { tokenSignature: tlsSignature }),
  };
}
