// Who the Primary is: its Uptane key (stored, else imported, else generated once before the first contact), its serial
// (configured, else the key's id) and its hardware id (configured, else the host name). Needs no network.
// client-protocol 1.2; client-features PRV-12.
import { createPublicKey } from 'node:crypto';
import { hostname } from 'node:os';

import {
  CodedError,
  clientKeyId,
  createSigner,
  generateKeyPair,
  parseEcuSerial,
  parseHardwareId,
  parsePublicKey,
} from '@ota-connect/uptane';
import type { KeyPair, KeyType, PublicKey } from '@ota-connect/uptane';

import type { Config } from '../config/config.ts';
import { importPath } from '../config/import-path.ts';
import { ConfigError } from '../errors.ts';
import type { EcuIdentity, Storage } from '../ports.ts';
import { readImport } from './read-import.ts';

/** Throws ConfigError for a serial or hardware id that cannot be one, or for an imported key that does not fit. */
export async function preparePrimary(config: Config, storage: Storage): Promise<EcuIdentity> {
  const publicKey = await prepareKey(config, storage);
  const { primaryEcuSerial, primaryEcuHardwareId } = config.provision;
  return {
    serial: named('provision.primary_ecu_serial', () =>
      parseEcuSerial(primaryEcuSerial || clientKeyId(publicKey)),
    ),
    hardwareId: named('provision.primary_ecu_hardware_id', () =>
      parseHardwareId(primaryEcuHardwareId || hostname()),
    ),
    isPrimary: true,
  };
}

async function prepareKey({ uptane, ...config }: Config, storage: Storage): Promise<PublicKey> {
  const stored = storage.identity.primaryKey();
  if (stored !== undefined) {
    // A token makes keys of the type that it can: what is there counts.
    if (stored.privateKey !== '') expectType(stored.publicKey, uptane.keyType, 'this device has');
    return stored.publicKey;
  }
  const imported = importedKey(config);
  if (imported !== undefined) expectType(imported.publicKey, uptane.keyType, 'was imported');
  const { publicKey, privateKey } = imported ?? (await generateKeyPair(uptane.keyType));
  storage.identity.savePrimaryKey(publicKey, privateKey);
  return publicKey;
}

/** The server knows the key: another one needs another registration. client-features KEY-04 */
function expectType(key: PublicKey, configured: KeyType, whose: string): void {
  const found = typeOf(key);
  if (found === configured) return;
  const message = `uptane.key_type is "${configured}", but the Uptane key that ${whose} is of the type ${found}: set uptane.key_type = "${found}". A key of another type needs a device that is provisioned anew, without the database in storage.path.`;
  throw new ConfigError('bad_value', message, { details: { found, configured } });
}

function typeOf({ keytype, keyval }: PublicKey): string {
  if (keytype === 'ED25519') return keytype;
  return `RSA${createPublicKey(keyval.public).asymmetricKeyDetails?.modulusLength ?? ''}`;
}

function importedKey(config: Pick<Config, 'import'>): KeyPair | undefined {
  const publicFile = importPath(config.import, 'uptanePublicKeyPath');
  const privateFile = importPath(config.import, 'uptanePrivateKeyPath');
  if (publicFile === undefined || privateFile === undefined) return undefined;
  const [publicText, privateKey] = [readImport(publicFile), readImport(privateFile)?.trim()];
  if (publicText === undefined || privateKey === undefined) return undefined;
  const isPem = publicText.includes('-----BEGIN');
  try {
    const keyval = { public: isPem ? publicText : publicText.trim() };
    const publicKey = parsePublicKey({ keytype: isPem ? 'RSA' : 'ED25519', keyval });
    const pair = { publicKey, privateKey: isPem ? `${privateKey}\n` : privateKey };
    createSigner(pair.publicKey, pair.privateKey);
    return pair;
  } catch (cause) {
    const message = `The Uptane key pair ${publicFile} and ${privateFile} cannot be used.`;
    throw new ConfigError('bad_value', message, { cause, details: { file: publicFile } });
  }
}

function named<T>(key: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new ConfigError('bad_value', `${key}: ${cause.message}`, { cause });
  }
}
