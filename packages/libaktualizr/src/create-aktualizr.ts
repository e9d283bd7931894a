// All wiring of a device client, read from top to bottom: configuration, storage, identity, one TLS connection, repositories,
// package manager, library. Nothing here touches the network. What each line wires is a file of wiring/. ARCHITECTURE 4.4.
import { randomUUID } from 'node:crypto';
import { media } from './adapters/files/medium.ts';
import { createStoredImages } from './adapters/files/stored-images.ts';
import { openStorage } from './adapters/storage/sqlite-storage.ts';
import { Aktualizr } from './aktualizr.ts';
import { CommandQueue } from './command-queue.ts';
import type { Config } from './config/config.ts';
import { createDeviceDataSource } from './device-data/device-data-source.ts';
import { pollingSettings } from './polling/polling-settings.ts';
import { SecondaryList } from './secondaries/secondary-list.ts';
import { prepareDevice } from './provisioning/prepare-device.ts';
import { takeShippedRoles } from './provisioning/shipped-roles.ts';
import { readBootId } from './wiring/boot-id.ts';
import { createInstalling } from './wiring/installing.ts';
import { openKeys, type Keys } from './wiring/keys.ts';
import type { AktualizrOptions } from './wiring/options.ts';
import { createNetwork } from './wiring/network.ts';
import { createPackageManager } from './wiring/package-manager.ts';
import type { Parts } from './wiring/parts.ts';
import { createProvisioning } from './wiring/provisioning.ts';
import { connectServer } from './wiring/server.ts';
import { systemClock } from './wiring/system-clock.ts';

/**
 * A device client on the storage of the configuration, which it holds until `close`. Call `initialize` before any other
 * verb. Throws ConfigError, TokenError, and StorageError (`locked` with the pid of the other aktualizr).
 */
export async function createAktualizr(options: AktualizrOptions = {}): Promise<Aktualizr> {
  const config = options.config ?? (await configOf(options));
  const deviceData = createDeviceDataSource(config, options.hardwareInfo);
  const stored = openStorage(config.storage);
  try {
    const keys = await openKeys(config, stored, options.signer);
    const { storage } = keys;
    const parts = await prepareParts(config, options, keys);
    const server = connectServer(parts);
    const { addressesOf: _, ...repositories } = server.repositories;
    const aktualizr = new Aktualizr({
      ...repositories,
      storage,
      deviceData,
      log: parts.log,
      clock: parts.clock,
      gateway: server.gateway,
      time: server.time,
      ...(config.uptane.enableOfflineUpdates ? { media } : {}),
      packageManager: await createPackageManager(parts, server),
      ...(await createInstalling(config, parts.log)),
      secondaries: parts.secondaries,
      secondaryWaitMs: config.uptane.secondaryPreinstallWaitSec * 1000,
      storedImages: createStoredImages(config.pacman.imagesPath, storage.images),
      parallelDownloads: config.network.parallelDownloads,
      keepImages: config.pacman.keepImages,
      network: createNetwork(server.http, config),
      provision: createProvisioning(parts, server),
      signer: keys.signer,
      directorFullRoles: config.uptane.directorFullRoles,
      ...(config.uptane.trustOnFirstUse ? {} : { firstRoot: 'provisioned' as const }),
      newId: randomUUID,
      bootId: readBootId(),
      queue: parts.queue,
      polling: pollingSettings(config),
      endsForReboot: config.uptane.forceInstallCompletion,
      rest: () => server.http.rest(),
      close: () => {
        server.http.close();
        storage.close();
      },
    });
    return aktualizr;
  } catch (error) {
    stored.close();
    throw error;
  }
}

async function prepareParts(
  config: Config,
  options: AktualizrOptions,
  { storage, tokenSignature }: Keys,
): Promise<Parts> {
  const { clock = systemClock, log = () => undefined } = options;
  const queue = new CommandQueue(options.signal);
  const { primary, warnings } = await prepareDevice(config, storage);
  const shipped = await takeShippedRoles({ config, storage, primary, clock });
  for (const warning of [...warnings, ...shipped]) log('warning', warning);
  const secondaries = new SecondaryList(options.secondaries, primary.serial);
  return { config, options, storage, primary, tokenSignature, secondaries, clock, log, queue };
}

/** Loaded only by whoever has no configuration yet. */
async function configOf({
  configPaths,
  configOverrides,
  packageManagers,
  log,
}: AktualizrOptions): Promise<Config> {
  const { loadConfig } = await import('./config/load-toml.ts');
  const { assertUsable } = await import('./config/check-config.ts');
  const loaded = await loadConfig({
    ...(configPaths === undefined ? {} : { paths: configPaths }),
    ...(configOverrides === undefined ? {} : { overrides: configOverrides }),
  });
  for (const { message } of loaded.warnings) log?.('warning', message);
  assertUsable(loaded, Object.keys(packageManagers ?? {}));
  return loaded.config;
}
