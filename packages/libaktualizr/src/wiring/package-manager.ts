// The package manager of pacman.type: the application's own, or a built-in one.
import { selectPackageManager, type PackageManagerOptions } from '../adapters/package-managers/select.ts';
import type { PackageManager } from '../ports.ts';
import { readBootId } from './boot-id.ts';
import type { Parts } from './parts.ts';
import type { Server } from './server.ts';

/** @throws ConfigError `unsupported` */
export async function createPackageManager(
  { config, options, storage, primary, log }: Parts,
  server: Server,
): Promise<PackageManager> {
  const { images, installations } = storage;
  const given: PackageManagerOptions = {
    config,
    http: server.http,
    images,
    bootId: readBootId(),
    installations,
    primary: primary.serial,
    addressesOf: server.repositories.addressesOf,
    onPassedOver: server.onPassedOver,
    imagesPath: config.pacman.imagesPath,
    packagesFile: config.pacman.packagesFile,
    needsReboot: config.pacman.fakeNeedReboot,
    failsInstall: config.pacman.fakeFailInstall,
    credentials: () => storage.credentials.tls(),
    log,
  };
  const own = new Map(Object.entries(options.packageManagers ?? {}));
  const { type } = config.pacman;
  return (await own.get(type)?.(given)) ?? selectPackageManager(type, given);
}
