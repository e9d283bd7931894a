// All wiring of the client, read from top to bottom: storage, identity, one TLS connection, repositories, package manager,
// library. Nothing here touches the network. ARCHITECTURE 4.4.
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aktualizr, type Log } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { readRepositoryMap } from '@ota-connect/libaktualizr/config/repository-map';
import type { Clock, EcuIdentity, TlsCredentials } from '@ota-connect/libaktualizr/ports';
import { createHttpGateway, type GatewayUrls } from '@ota-connect/libaktualizr/adapters/http/gateway';
import { HttpClient } from '@ota-connect/libaktualizr/adapters/http/client';
import { createRepositories } from '@ota-connect/libaktualizr/adapters/http/repositories';
import { createFileSigner } from '@ota-connect/libaktualizr/adapters/keys/file-signer';
import { selectPackageManager } from '@ota-connect/libaktualizr/adapters/package-managers/select';
import { openStorage, type SqliteStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import { createDeviceDataSource } from '@ota-connect/libaktualizr/device-data/device-data-source';
import { prepareDevice } from '@ota-connect/libaktualizr/provisioning/prepare-device';
import { provision } from '@ota-connect/libaktualizr/provisioning/provision';
import { tellPassedOver } from '@ota-connect/libaktualizr/reports/passed-over';
import { readVersion } from './version.ts';

export type Wiring = {
  readonly config: Config;
  readonly log: Log;
  readonly hardwareInfoFile: string | undefined;
  /** Ends what is under way. */
  readonly stop: AbortSignal;
};

export type Composed = {
  readonly aktualizr: Aktualizr;
  readonly clock: Clock;
  /** Closes the connection and the storage; the process can end then. */
  readonly close: () => void;
};

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

/** Throws ConfigError and StorageError (`locked` with the pid of the other aktualizr). */
export async function compose(wiring: Wiring): Promise<Composed> {
  const { config, log, hardwareInfoFile } = wiring;
  const deviceData = createDeviceDataSource(config, hardwareInfoFile);
  const storage = openStorage(config.storage);
  try {
    const { primary, warnings } = await prepareDevice(config, storage);
    for (const warning of warnings) log('warning', warning);
    const { http, ...ports } = connect(wiring, storage, primary);
    const aktualizr = new Aktualizr({
      ...ports,
      storage,
      deviceData,
      log,
      clock: systemClock,
      newId: randomUUID,
      bootId: readBootId(),
      signer: () => createFileSigner(storage.identity),
      directorFullRoles: config.uptane.directorFullRoles,
    });
    return {
      aktualizr,
      clock: systemClock,
      close: () => {
        http.close();
        storage.close();
      },
    };
  } catch (error) {
    storage.close();
    throw error;
  }
}

/** What goes through the one connection. */
function connect({ config, log, stop }: Wiring, storage: SqliteStorage, primary: EcuIdentity) {
  const { etags, images, installations, identity, credentials } = storage;
  const userAgent = `Aktualizr/${readVersion()}`;
  const gatewayOver = (client: HttpClient) =>
    createHttpGateway(client, urlsOf(config), config.provision.expiryDays);
  const http = new HttpClient({ credentials: () => credentials.tls(), stop, userAgent });
  const gateway = gatewayOver(http);
  const onPassedOver = tellPassedOver(storage, () => systemClock.now(), log);
  const { addressesOf, ...repositories } = createRepositories({
    http,
    storage,
    stop,
    onPassedOver,
    directorServer: config.uptane.directorServer,
    repoServer: config.uptane.repoServer,
    mapping: readRepositoryMap(config),
  });
  const sharedGateway = (shared: TlsCredentials) =>
    gatewayOver(new HttpClient({ credentials: () => shared, stop, userAgent }));
  return {
    http,
    gateway,
    ...repositories,
    packageManager: selectPackageManager(config, {
      http,
      images,
      etags,
      installations,
      primary: primary.serial,
      addressesOf,
      onPassedOver,
    }),
    provision: async () => {
      const outcome = await provision({
        config,
        storage,
        clock: systemClock,
        gateway,
        primary,
        sharedGateway,
      });
      if (outcome === 'provisioned')
        log('info', `Provisioned as ${identity.deviceId()}, Primary ${primary.serial}.`);
    },
  };
}

function urlsOf(config: Config): GatewayUrls {
  return {
    gateway: config.tls.server,
    provisioning: config.provision.server,
    director: config.uptane.directorServer,
    ecuRegistration: config.provision.ecuRegistrationEndpoint,
  };
}

/** Changes with each boot. Where there is none, a reboot shows in that the process was started anew. */
function readBootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return randomUUID();
    throw error;
  }
}
