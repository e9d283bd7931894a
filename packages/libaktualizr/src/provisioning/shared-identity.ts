// The TLS identity that all devices of an environment share, from credentials.zip: it opens the provisioning of devices and
// nothing else. Loaded by whoever has no identity of its own yet. client-protocol 3.1, 9
import { X509Certificate } from 'node:crypto';

import { ProvisioningError } from '../errors.ts';
import type { TlsCredentials } from '../ports.ts';
import { readCredentialsArchive } from './credentials-archive.ts';
import { readPkcs12 } from './pkcs12.ts';

export type SharedIdentity = {
  readonly gatewayUrl: string;
  readonly shared: TlsCredentials;
  /** PEM of server_ca.pem. */
  readonly serverCa: string | undefined;
};

/** `nowMs`: milliseconds since the epoch. @throws ProvisioningError `bad_credentials` */
export function readSharedIdentity(file: string, password: string, nowMs: number): SharedIdentity {
  const archive = readCredentialsArchive(file);
  const details = { file };
  if (archive.sharedIdentity === undefined) {
    // Either another device took it out, or this one did and lost its storage since: the device cannot tell.
    const message = `The credentials archive ${file} holds no shared identity any more, as it was already used by a device: give each device its own copy of a fresh credentials.zip, or set provision.mode = "SharedCredReuse" before its first use.`;
    throw new ProvisioningError('bad_credentials', message, { details });
  }
  const identity = readPkcs12(archive.sharedIdentity, password, `The shared identity in ${file}`);
  const until = new X509Certificate(identity.certificate).validToDate;
  if (until.getTime() < nowMs) {
    const message = `The shared identity in ${file} expired on ${until.toISOString().slice(0, 10)}: create a new credentials archive on the server.`;
    throw new ProvisioningError('bad_credentials', message, { details });
  }
  const certificate = [identity.certificate, ...identity.chain].join('');
  return {
    gatewayUrl: archive.gatewayUrl,
    serverCa: archive.serverCa,
    shared: { ca: joined(identity.chain, archive.serverCa), certificate, privateKey: identity.privateKey },
  };
}

/** Each certificate once. */
export function joined(certificates: readonly string[], more: string | undefined): string {
  const all = [...certificates, ...(more === undefined ? [] : [more])].map((pem) => `${pem.trim()}\n`);
  return [...new Set(all)].join('');
}
