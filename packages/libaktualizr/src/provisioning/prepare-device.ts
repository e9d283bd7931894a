// Everything about the device's identity that needs no network, so that an offline start works: the Primary, and what
// lies in the import directory. client-protocol 6.1.
import type { Config } from '../config/config.ts';
import type { EcuIdentity, Storage } from '../ports.ts';
import { preparePrimary } from './ecu-identity.ts';
import { importFiles } from './import-files.ts';

export type PreparedDevice = { readonly primary: EcuIdentity; readonly warnings: readonly string[] };

/** Idempotent. Throws ConfigError and StorageError. */
export async function prepareDevice(config: Config, storage: Storage): Promise<PreparedDevice> {
  const primary = await preparePrimary(config, storage);
  return { primary, warnings: importFiles(config, storage, primary.serial) };
}
