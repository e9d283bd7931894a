// The device's own TLS identity: stored, or imported, or asked for with the shared identity of credentials.zip, whose
// key is taken out of the archive afterwards. client-protocol 1.2, 3.1; client-features PRV-01 to -05, W-49.
import { statSync } from 'node:fs';

import type { Config } from '../config/config.ts';
import { ProvisioningError, TransportError } from '../errors.ts';
import type { Clock, Gateway, Storage, TlsCredentials } from '../ports.ts';
import { commonName } from './common-name.ts';
import { randomDeviceId } from './random-device-id.ts';

export type CredentialDeps = {
  readonly config: Config;
  readonly storage: Storage & { readonly flags?: SeenFlags };
  readonly clock: Pick<Clock, 'now'>;
  /** A gateway that presents the shared identity. */
  readonly sharedGateway: (credentials: TlsCredentials) => Pick<Gateway, 'registerDevice'>;
};

type SeenFlags = { get(name: string): string | undefined; set(name: string, value: string): void };

/** Which archive is done with: its shared key is out, or it cannot be written. It is not opened again until it changes. */
const ARCHIVE_DONE = 'shared_identity_done';
const DRAWS = 3;

/** When it returns, device id and credentials are stored. Throws ProvisioningError and what the gateway throws. */
export async function ensureCredentials(deps: CredentialDeps): Promise<void> {
  const { config, storage } = deps;
  const { mode } = config.provision;
  const isShared = mode === 'SharedCred' || mode === 'SharedCredReuse';
  if (storage.credentials.tls() === undefined) {
    if (!isShared) throw missing();
    await provisionWithSharedIdentity(deps);
  }
  ensureDeviceId(deps);
  if (mode === 'SharedCred') await forgetSharedIdentity(deps);
}

async function provisionWithSharedIdentity(deps: CredentialDeps): Promise<void> {
  const { storage } = deps;
  const { provisionPath, p12Password } = deps.config.provision;
  const { readSharedIdentity, joined } = await import('./shared-identity.ts');
  const { shared, serverCa } = readSharedIdentity(provisionPath, p12Password, deps.clock.now());
  const gateway = deps.sharedGateway(shared);
  const { readPkcs12 } = await import('./pkcs12.ts');
  const answer = await registerUnderFreeId(deps, gateway);
  const identity = readPkcs12(answer, '', 'The identity that the server sent');
  // A server that sends no chain is trusted as the archive says.
  const ca = joined(identity.chain.length > 0 ? identity.chain : [shared.ca], serverCa);
  const certificate = [identity.certificate, ...identity.chain].join('');
  storage.credentials.saveTls({ ca, certificate, privateKey: identity.privateKey });
}

/** An id of ours that is taken is thrown away and drawn anew; one that the operator chose is the operator's to change. */
async function registerUnderFreeId(
  { config, storage }: CredentialDeps,
  gateway: Pick<Gateway, 'registerDevice'>,
): Promise<Uint8Array> {
  const { identity } = storage;
  for (let draw = 1; ; draw++) {
    const deviceId = identity.deviceId() ?? (config.provision.deviceId || randomDeviceId());
    // Before the request: whatever happens to the answer, the next attempt asks for the same device.
    if (identity.deviceId() === undefined) identity.saveDeviceId(deviceId);
    try {
      return await gateway.registerDevice(deviceId);
    } catch (cause) {
      if (!(cause instanceof ProvisioningError) || cause.code !== 'device_exists')
        throw isRefusedIdentity(cause) ? notAccepted(config, cause) : cause;
      identity.saveDeviceId(undefined);
      if (deviceId === config.provision.deviceId) throw taken(deviceId, cause);
      if (draw === DRAWS) throw cause;
    }
  }
}

function ensureDeviceId({ config, storage }: CredentialDeps): void {
  if (storage.identity.deviceId() !== undefined) return;
  const certificate = storage.credentials.tls()?.certificate;
  const id = config.provision.deviceId || (certificate === undefined ? undefined : commonName(certificate));
  if (id === undefined) {
    const message =
      'The device has no id: its certificate has no common name, and provision.device_id is not set.';
    throw new ProvisioningError('bad_credentials', message);
  }
  storage.identity.saveDeviceId(id);
}

/** Also after a power cut between storing and removing, and for an archive that was put there anew. */
async function forgetSharedIdentity({ config, storage }: CredentialDeps): Promise<void> {
  const file = config.provision.provisionPath;
  const { flags } = storage;
  if (flags === undefined || stampOf(file) === undefined || flags.get(ARCHIVE_DONE) === stampOf(file)) return;
  const { removeSharedIdentity } = await import('./credentials-archive.ts');
  const stamp = removeSharedIdentity(file) === 'later' ? undefined : stampOf(file);
  if (stamp !== undefined) flags.set(ARCHIVE_DONE, stamp);
}

function stampOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
}

function missing(): ProvisioningError {
  const message =
    'This device has no credentials: set provision.provision_path to a credentials archive, or the paths of [import] to its files.';
  return new ProvisioningError('missing_credentials', message);
}

/**
 * A server that does not know the authority of the shared identity ends the connection right after the handshake, with
 * an alert or without a word. One that cannot be reached at all gets no handshake.
 */
function isRefusedIdentity(cause: unknown): cause is TransportError {
  if (!(cause instanceof TransportError)) return false;
  const { reason } = cause.details;
  return reason === 'closed_after_handshake' || reason === 'device_certificate';
}

function notAccepted({ provision }: Config, cause: TransportError): ProvisioningError {
  const file = provision.provisionPath;
  const message = `The server ${provision.server} does not accept the shared identity in ${file}: fetch a new credentials archive from this server and put it there.`;
  return new ProvisioningError('bad_credentials', message, { cause, details: { file } });
}

function taken(deviceId: string, cause: ProvisioningError): ProvisioningError {
  const message = `The server already knows a device "${deviceId}" (provision.device_id): choose another id, or remove the device there.`;
  return new ProvisioningError('device_exists', message, { cause });
}
