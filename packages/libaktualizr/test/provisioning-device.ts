// A device that has a credentials archive, and a server that provisions it, both without a network.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { EcuRegistration } from '@ota-connect/contract/device';
import { FaultPoints } from '@ota-connect/testkit';
import { zipSync } from 'fflate';

import { openStorage } from '../src/adapters/storage/sqlite-storage.ts';
import type { SqliteStorage } from '../src/adapters/storage/sqlite-storage.ts';
import type { Config } from '../src/config/config.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { ProvisioningError } from '../src/errors.ts';
import type { TlsCredentials } from '../src/ports.ts';
import { prepareDevice } from '../src/provisioning/prepare-device.ts';
import { provision } from '../src/provisioning/provision.ts';
import { fixture, temporaryDirectory } from './temporary-directory.ts';

/** Within the validity of the identities in the fixtures, and long after it. */
export const VALID = Date.parse('2026-12-01T00:00:00Z');
export const EXPIRED = Date.parse('2027-12-01T00:00:00Z');
export const SERVER_CA = '-----BEGIN CERTIFICATE-----\nserver\n-----END CERTIFICATE-----\n';

export type Device = {
  readonly config: Config;
  readonly storage: SqliteStorage;
  readonly archive: string;
  readonly server: Server;
  /** `faults`: the storage and the server are fault points. */
  readonly attempt: (now?: number, faults?: FaultPoints) => Promise<'provisioned' | 'already_provisioned'>;
};

/** What a gateway does to a device that provisions itself. */
export class Server {
  readonly deviceIds: string[] = [];
  readonly registrations: EcuRegistration[] = [];
  readonly shared: TlsCredentials[] = [];
  readonly accepted: string[] = [];
  readonly taken = new Set<string>();
  answer: Uint8Array = readFileSync(fixture('pkcs12/ec-empty.p12'));
  takeEverything = false;
  refusesEcus = false;
  failure: Error | undefined;

  sharedGateway(credentials: TlsCredentials) {
    this.shared.push(credentials);
    return {
      registerDevice: async (deviceId: string): Promise<Uint8Array> => {
        this.deviceIds.push(deviceId);
        if (this.failure) throw this.failure;
        if (this.takeEverything || this.taken.has(deviceId))
          throw new ProvisioningError('device_exists', 'taken');
        this.taken.add(deviceId);
        this.accepted.push(deviceId);
        return this.answer;
      },
    };
  }

  async registerEcus(registration: EcuRegistration): Promise<void> {
    if (this.failure) throw this.failure;
    if (this.refusesEcus) throw new ProvisioningError('ecus_refused', 'refused');
    this.registrations.push(registration);
  }
}

export async function provisioningDevice(
  test: TestContext,
  provisionKeys: Partial<Config['provision']> = {},
  members: Record<string, Uint8Array> = {},
): Promise<Device> {
  const directory = temporaryDirectory(test);
  const archive = join(directory, 'credentials.zip');
  const shared = {
    'autoprov.url': Buffer.from('https://gateway'),
    'autoprov_credentials.p12': readFileSync(fixture('pkcs12/rsa-pass.p12')),
    'server_ca.pem': Buffer.from(SERVER_CA),
  };
  writeFileSync(archive, zipSync({ ...shared, ...members }));
  const base = defaultConfig();
  const keys = {
    mode: 'SharedCred',
    provisionPath: archive,
    p12Password: 'geheim',
    primaryEcuHardwareId: 'gateway-x',
  } as const;
  const config: Config = {
    ...base,
    provision: { ...base.provision, ...keys, ...provisionKeys },
    uptane: { ...base.uptane, keyType: 'ED25519' },
    storage: { ...base.storage, path: join(directory, 'sota') },
    import: { ...base.import, basePath: join(directory, 'import') },
  };
  const storage = openStorage(config.storage);
  test.after(() => storage.close());
  const server = new Server();
  const attempt = async (now = VALID, faults = new FaultPoints()) => {
    const guarded = faults.wrap(storage, 'storage');
    const { primary } = await prepareDevice(config, guarded);
    const gateway = faults.wrap({ registerEcus: server.registerEcus.bind(server) }, 'gateway');
    const sharedGateway = (credentials: TlsCredentials) =>
      faults.wrap(server.sharedGateway(credentials), 'shared');
    return provision({
      config,
      storage: guarded,
      primary,
      clock: { now: () => now },
      gateway,
      sharedGateway,
    });
  };
  return { config, storage, archive, server, attempt };
}
