// A device on a temporary folder, wired like the real one but for its clock's pauses, against a test gateway.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import {
  generateKeyPair,
  parseEcuSerial,
  type EcuSerial,
  type MetadataSource,
  type RepositoryMapping,
} from '@ota-connect/uptane';
import { PRIMARY } from '@ota-connect/testkit';
import { Aktualizr } from '../../src/aktualizr.ts';
import type { AktualizrPorts } from '../../src/aktualizr-context.ts';
import { media } from '../../src/adapters/files/medium.ts';
import { HttpClient, type HttpOptions } from '../../src/adapters/http/client.ts';
import { createHttpGateway } from '../../src/adapters/http/gateway.ts';
import { createRepositories } from '../../src/adapters/http/repositories.ts';
import { createFileSigner } from '../../src/adapters/keys/file-signer.ts';
import { createNonePackageManager, type NoneOptions } from '../../src/adapters/package-managers/none.ts';
import type { NewHasher } from '../../src/adapters/files/verified-files.ts';
import { openStorage, type SqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { Config } from '../../src/config/config.ts';
import { defaultConfig } from '../../src/config/defaults.ts';
import { createDeviceDataSource } from '../../src/device-data/device-data-source.ts';
import { prepareDevice } from '../../src/provisioning/prepare-device.ts';
import { provision } from '../../src/provisioning/provision.ts';
import { tellPassedOver } from '../../src/reports/passed-over.ts';
import { createStoredImages } from '../../src/adapters/files/stored-images.ts';
import { SecondaryList } from '../../src/secondaries/secondary-list.ts';
import type { Gateway, PackageManager, Secondary, Storage, TlsCredentials } from '../../src/ports.ts';
import type { DeviceDataSource } from '../../src/steps/context.ts';
import type { TestGateway } from './test-gateway.ts';

export const IDENTITY = { serial: PRIMARY.serial, hardwareId: PRIMARY.hardwareId, isPrimary: true };

export type Wrapping = {
  readonly storage?: (storage: Storage) => Storage;
  readonly gateway?: (gateway: Gateway) => Gateway;
  readonly source?: (source: MetadataSource) => MetadataSource;
  readonly packageManager?: (manager: PackageManager) => PackageManager;
  readonly ports?: (ports: InstallingPorts) => InstallingPorts;
};

/** What an installation meets outside the package manager. */
export type InstallingPorts = Pick<
  Partial<AktualizrPorts>,
  'bootloader' | 'sentinel' | 'health' | 'graceMs' | 'hooks' | 'updateLock'
>;

export type TestDevice = {
  readonly aktualizr: Aktualizr;
  readonly storage: SqliteStorage;
  readonly http: HttpClient;
  readonly imagesPath: string;
  readonly log: string[];
  close(): void;
};

export type DeviceOptions = {
  readonly folder: string;
  readonly gateway: TestGateway;
  readonly wrap?: Wrapping;
  readonly needsReboot?: boolean;
  /** Makes the package manager; `none` when absent. */
  readonly manage?: (options: NoneOptions) => PackageManager;
  readonly bootId?: string;
  readonly http?: Partial<HttpOptions>;
  /** Milliseconds; the real time when absent. */
  readonly now?: () => number;
  /** Milliseconds of the clock that nobody sets; the real one when absent. */
  readonly monotonic?: () => number;
  readonly newHasher?: NewHasher;
  /** uptane.enable_offline_updates */
  readonly takesMedia?: boolean;
  readonly mapping?: RepositoryMapping;
  readonly firstRoot?: 'provisioned';
  /** Plugged in, and registered with the device. */
  readonly secondaries?: readonly Secondary[];
  readonly secondaryWaitMs?: number;
  readonly parallelDownloads?: number;
  readonly keepImages?: number;
  /** Gets what is said of addresses that do not answer. */
  readonly passedOver?: string[];
  /** A device as it leaves the factory: it provisions itself by this configuration and collects its own data. */
  readonly factory?: Config;
};

const key = generateKeyPair('ED25519');

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'libaktualizr-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Opens, or opens again, the device of a folder; registered and with credentials. */
export async function openTestDevice(options: DeviceOptions): Promise<TestDevice> {
  const { folder, gateway, factory, wrap = {} } = options;
  const place = factory?.storage ?? { ...defaultConfig().storage, path: join(folder, 'storage') };
  const storage = openStorage(place);
  if (factory === undefined) await prepare(storage, gateway, options.secondaries ?? []);
  const log: string[] = [];
  const http = new HttpClient({
    credentials: () => (factory === undefined ? gateway.credentials : storage.credentials.tls()),
    userAgent: 'Aktualizr/test',
    pauseMs: 1,
    ...options.http,
  });
  const imagesPath = join(folder, 'images');
  const ports = portsOf(options, { storage, http, imagesPath });
  const { source = same, storage: wrapStorage = same } = wrap;
  const aktualizr = new Aktualizr({
    ...ports,
    ...(wrap.ports ?? same)({}),
    gateway: (wrap.gateway ?? same)(ports.gateway),
    packageManager: (wrap.packageManager ?? same)(ports.packageManager),
    directorSource: source(ports.directorSource),
    imageSource: source(ports.imageSource),
    storage: wrapStorage(storage),
    log: (level, message) => void log.push(`${level}: ${message}`),
  });
  return {
    aktualizr,
    storage,
    http,
    imagesPath,
    log,
    close: () => {
      http.close();
      storage.close();
    },
  };
}

async function prepare(
  storage: SqliteStorage,
  gateway: TestGateway,
  secondaries: readonly Secondary[],
): Promise<void> {
  if (storage.identity.isRegistered()) return;
  const { publicKey, privateKey } = await key;
  storage.identity.savePrimaryKey(publicKey, privateKey);
  storage.identity.saveDeviceId('device-1');
  storage.credentials.saveTls(gateway.credentials);
  const identities = secondaries.map(({ identity }) => identity);
  const others = identities.map(({ serial, hardwareId }) => ({ serial, hardwareId, isPrimary: false }));
  storage.identity.saveRegistration([IDENTITY, ...others]);
  storage.secondaries.saveRegistered(identities);
}

function portsOf(
  options: DeviceOptions,
  device: Pick<TestDevice, 'storage' | 'http' | 'imagesPath'>,
): Omit<AktualizrPorts, 'log'> {
  const { manage = createNonePackageManager } = options;
  const { gateway, needsReboot = false, bootId = 'boot-1', factory, newHasher } = options;
  const { now = Date.now, monotonic = () => performance.now() } = options;
  const { storage, http, imagesPath } = device;
  const { url } = gateway;
  const urls = {
    gateway: url,
    provisioning: url,
    director: `${url}/director`,
    ecuRegistration: `${url}/director/ecus`,
  };
  const onPassedOver = tellPassedOver(storage, now, (_level, message) => options.passedOver?.push(message));
  const { addressesOf, ...repositories } = createRepositories({
    http,
    storage,
    directorServer: urls.director,
    repoServer: `${url}/repo`,
    mapping: options.mapping,
    onPassedOver,
  });
  const gatewayOver = (client: HttpClient) => createHttpGateway(client, urls, '36000');
  return {
    storage,
    gateway: gatewayOver(http),
    ...repositories,
    ...(options.takesMedia === true ? { media } : {}),
    packageManager: manage({
      imagesPath,
      packagesFile: join(imagesPath, 'no-such-file'),
      addressesOf,
      onPassedOver,
      primary: primarySerial(factory),
      needsReboot,
      http,
      images: storage.images,
      bootId,
      installations: storage.installations,
      ...(newHasher === undefined ? {} : { newHasher }),
    }),
    clock: { now, monotonic, sleep: async (_ms, signal) => signal.throwIfAborted() },
    signer: () => createFileSigner(storage.identity),
    deviceData: factory === undefined ? DEVICE_DATA : createDeviceDataSource(factory),
    bootId,
    secondaries: new SecondaryList(options.secondaries),
    secondaryWaitMs: options.secondaryWaitMs ?? 0,
    storedImages: createStoredImages(imagesPath, storage.images),
    parallelDownloads: options.parallelDownloads ?? 1,
    keepImages: options.keepImages ?? 2,
    directorFullRoles: 'auto',
    ...(options.firstRoot === undefined ? {} : { firstRoot: options.firstRoot }),
    provision: async () => {
      if (factory !== undefined) await provisionBy(options, factory, storage, gatewayOver);
    },
    newId: randomUUID,
  };
}

function primarySerial(factory: Config | undefined): EcuSerial {
  return factory === undefined ? PRIMARY.serial : parseEcuSerial(factory.provision.primaryEcuSerial);
}

async function provisionBy(
  { secondaries = [] }: DeviceOptions,
  config: Config,
  storage: SqliteStorage,
  gatewayOver: (client: HttpClient) => Gateway,
): Promise<void> {
  const over = (credentials: () => TlsCredentials | undefined) =>
    gatewayOver(new HttpClient({ credentials, userAgent: 'Aktualizr/test', pauseMs: 1 }));
  const { primary } = await prepareDevice(config, storage);
  await provision({
    config,
    storage,
    primary,
    clock: { now: () => Date.now() },
    gateway: over(() => storage.credentials.tls()),
    sharedGateway: (shared) => over(() => shared),
    secondaries: () => secondaries.map(({ identity }) => identity),
  });
}

const DEVICE_DATA: DeviceDataSource = {
  hardwareInfo: async () => ({ id: 'device-1', class: 'system' }),
  networkInfo: async () => ({ hostname: 'device-1', local_ipv4: '192.0.2.2', mac: '02:00:00:00:00:01' }),
  configuration: () => '[tls]\nserver = "https://localhost"\n',
};

function same<T>(value: T): T {
  return value;
}
