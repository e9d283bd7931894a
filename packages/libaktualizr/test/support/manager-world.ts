// What a package manager is made from, on a temporary folder: storage, connection, directories; for its contract suite.
import { join } from 'node:path';
import type { VerifiedTarget } from '@ota-connect/uptane';
import { HttpClient } from '../../src/adapters/http/client.ts';
import {
  selectPackageManager,
  type PackageManagerOptions,
} from '../../src/adapters/package-managers/select.ts';
import { openStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { Config } from '../../src/config/config.ts';
import { defaultConfig } from '../../src/config/defaults.ts';
import type { PackageManager } from '../../src/ports.ts';
import { IDENTITY } from './test-device.ts';
import type { TestGateway } from './test-gateway.ts';

export type ManagerWorld = {
  /** Of a new process. */
  readonly open: () => Promise<PackageManager>;
  /** What the update cycle writes into the installation log after a result. */
  readonly note: (target: VerifiedTarget, state: 'current' | 'pending') => void;
  close(): void;
};

export function openManagerWorld(
  folder: string,
  gateway: TestGateway,
  pacman: Partial<Config['pacman']> & { readonly type: string },
): ManagerWorld {
  const base = defaultConfig();
  const config: Config = {
    ...base,
    storage: { ...base.storage, path: join(folder, 'storage') },
    pacman: { ...base.pacman, imagesPath: join(folder, 'images'), ...pacman },
  };
  const storage = openStorage(config.storage);
  storage.identity.saveRegistration([IDENTITY]);
  const credentials = () => gateway.credentials;
  const http = new HttpClient({ credentials, userAgent: 'Aktualizr/test', pauseMs: 1 });
  const { images, installations } = storage;
  const options: PackageManagerOptions = {
    config,
    http,
    images,
    installations,
    credentials,
    bootId: 'boot',
    primary: IDENTITY.serial,
    addressesOf: () => [[`${gateway.url}/repo`]],
    imagesPath: config.pacman.imagesPath,
    packagesFile: config.pacman.packagesFile,
    needsReboot: config.pacman.fakeNeedReboot,
    log: () => undefined,
  };
  return {
    open: () => selectPackageManager(config.pacman.type, options),
    note: ({ name, lengthBytes, hashes }, state) =>
      storage.installations.save(
        { ecuSerial: IDENTITY.serial, name, lengthBytes, hashes, correlationId: '', customMeta: {} },
        state,
      ),
    close: () => {
      http.close();
      storage.close();
    },
  };
}

/** For the Primary, with bytes on the server. */
export function offerImage(gateway: TestGateway, name: string, content: Uint8Array): VerifiedTarget {
  const { simulator } = gateway;
  const target = simulator.addImage({ name, content, hardwareIds: [IDENTITY.hardwareId] });
  return {
    name: target.name as VerifiedTarget['name'],
    lengthBytes: target.lengthBytes,
    hashes: target.hashes,
    custom: target.custom ?? {},
    ecus: new Map([[IDENTITY.serial, IDENTITY.hardwareId]]),
  };
}

/** A commit for the Primary, which is nowhere. */
export function offerCommit(name: string, commit: string): VerifiedTarget {
  return {
    name: name as VerifiedTarget['name'],
    lengthBytes: 0,
    hashes: { sha256: commit },
    custom: {},
    targetFormat: 'OSTREE',
    ecus: new Map([[IDENTITY.serial, IDENTITY.hardwareId]]),
  };
}
