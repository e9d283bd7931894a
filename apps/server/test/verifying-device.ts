// A device that checks what the gateway serves as every device does: uptane's full verification over mutual TLS, with
// what it trusts kept in memory.
import {
  fullVerification,
  generateKeyPair,
  instantFromMs,
  metadataPath,
  parseEcuSerial,
  parseHardwareId,
} from '@ota-connect/uptane';
import type { MetadataSource, MetadataStore, Repository, StoredRole, Verdict } from '@ota-connect/uptane';
import type { ScratchServer } from './app.ts';
import { provisionDevice, type TestDevice } from './device.ts';

export type VerifyingDevice = TestDevice & {
  /** One check as of the server's time; over the channel of another device, when that is given. */
  verify(channel?: TestDevice): Promise<Verdict>;
  /** Version of the newest trusted Root. */
  trustedRoot(repository: 'director' | 'image'): number;
};

export async function verifyingDevice(server: ScratchServer, deviceId: string): Promise<VerifyingDevice> {
  const device = await provisionDevice(server, deviceId);
  const serial = parseEcuSerial(`${deviceId}-primary`);
  const hardwareId = parseHardwareId('gateway');
  const { publicKey } = await generateKeyPair('ED25519');
  const ecus = [{ ecu_serial: serial, hardware_identifier: hardwareId, clientKey: publicKey }];
  const registration = { primary_ecu_serial: serial, ecus };
  const answer = await device.send('POST', '/director/ecus', { body: registration });
  if (answer.status >= 300)
    throw new Error(`ECU registration was answered ${answer.status}: ${answer.body.toString()}`);
  const stores = { director: memoryStore(), image: memoryStore() };
  const director = (channel: TestDevice): Repository => ({
    name: 'director',
    source: gatewaySource(channel, '/director'),
    store: stores.director,
  });
  const image: Repository = { name: 'image', source: gatewaySource(device, '/repo'), store: stores.image };
  return {
    ...device,
    verify: (channel = device) =>
      fullVerification(
        { ecus: [{ serial, hardwareId }], ids: new Set([deviceId]) },
        director(channel),
        image,
        instantFromMs(server.ctx.clock.now()),
      ),
    trustedRoot: (repository) => stores[repository].newestRoot(),
  };
}

function gatewaySource(device: TestDevice, base: string): MetadataSource {
  return {
    async fetch({ role, version }) {
      const answer = await device.send('GET', `${base}/${metadataPath(role, version)}`);
      if (answer.status === 404) return 'absent';
      if (answer.status !== 200)
        throw new Error(`${metadataPath(role, version)} was answered ${answer.status}`);
      return answer.body;
    },
  };
}

function memoryStore(): MetadataStore & { newestRoot(): number } {
  const roots = new Map<number, Uint8Array>();
  const roles = new Map<string, Uint8Array>();
  let fullRoles = false;
  const newestRoot = (): number => Math.max(0, ...roots.keys());
  const name = (role: StoredRole): string =>
    typeof role === 'string' ? role : `delegation ${role.delegation}`;
  return {
    newestRoot,
    load: (role) => (role === 'root' ? roots.get(newestRoot()) : roles.get(name(role))),
    loadRoot: (version) => roots.get(version),
    save: (role, bytes, version) =>
      void (role === 'root' ? roots.set(version, bytes) : roles.set(name(role), bytes)),
    saveRoot: (bytes, version, forget) => {
      for (const role of forget) roles.delete(name(role));
      roots.set(version, bytes);
    },
    remove: (role) => void roles.delete(name(role)),
    keepDelegations: () => undefined,
    flags: () => ({
      directorFullRoles: () => fullRoles,
      rememberDirectorFullRoles: (served) => void (fullRoles = served),
    }),
  };
}
