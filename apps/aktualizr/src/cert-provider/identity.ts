// Where the identity of a device comes from: the server, asked with the shared identity, or the fleet's own authority.
// client-protocol 3.1; client-features CRT-01 to -04, -07
import { readFileSync } from 'node:fs';

import { canonicalText } from '@ota-connect/uptane';
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import { ConfigError, ProvisioningError } from '@ota-connect/libaktualizr';
import { HttpClient, type HttpOptions } from '@ota-connect/libaktualizr/adapters/http/client';
import { httpStatus, isOk } from '@ota-connect/libaktualizr/adapters/http/gateway';
import { readCredentialsArchive } from '@ota-connect/libaktualizr/provisioning/credentials-archive';
import { makeFleetIdentity } from '@ota-connect/libaktualizr/provisioning/fleet-certificate';
import { readPkcs12 } from '@ota-connect/libaktualizr/provisioning/pkcs12';
import { randomDeviceId } from '@ota-connect/libaktualizr/provisioning/random-device-id';
import { joined, readSharedIdentity } from '@ota-connect/libaktualizr/provisioning/shared-identity';

import { readVersion } from '../version.ts';
import type { FleetWish, Wishes } from './arguments.ts';

/** PEM texts; those of the server are undefined when there is no archive. */
export type DeviceIdentity = {
  readonly deviceId: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly rootCa: string | undefined;
  readonly serverUrl: string | undefined;
};

export type Means = {
  readonly p12Password: string;
  readonly proxy: NonNullable<HttpOptions['proxy']>;
  readonly say: (line: string) => void;
};

const DEFAULT_DAYS = 36_000;
const FLEET_DAYS = 365;
const DRAWS = 3;
const MAX_REPLY_BYTES = 64 * 1024;

/** @throws ProvisioningError, TransportError, ConfigError */
export async function makeIdentity(wishes: Wishes, means: Means): Promise<DeviceIdentity> {
  return wishes.fleet === undefined ? fromServer(wishes, means) : fromFleet(wishes, wishes.fleet, means);
}

async function fromServer(wishes: Wishes, { p12Password, proxy, say }: Means): Promise<DeviceIdentity> {
  const { gatewayUrl, shared, serverCa } = readSharedIdentity(
    wishes.credentials ?? '',
    p12Password,
    Date.now(),
  );
  const userAgent = `Aktualizr/${readVersion()}`;
  const http = new HttpClient({ credentials: () => shared, userAgent, proxy });
  try {
    const { deviceId, answer } = await registered(wishes, { http, gatewayUrl, say });
    const identity = readPkcs12(answer, '', 'The identity that the server sent');
    return {
      deviceId,
      certificate: [identity.certificate, ...identity.chain].join(''),
      privateKey: identity.privateKey,
      rootCa: serverCa ?? joined(identity.chain, undefined),
      serverUrl: gatewayUrl,
    };
  } finally {
    http.close();
  }
}

type Server = { readonly http: HttpClient; readonly gatewayUrl: string; readonly say: Means['say'] };

/** A random name that is taken is drawn anew; one that was asked for is the caller's to change. */
async function registered(
  { deviceId: wanted, days = DEFAULT_DAYS }: Wishes,
  { http, gatewayUrl, say }: Server,
): Promise<{ readonly deviceId: string; readonly answer: Uint8Array }> {
  const url = gatewayUrl + DEVICE_PATHS.devices;
  for (let draw = 1; ; draw += 1) {
    const deviceId = wanted ?? randomDeviceId();
    say(`Asking ${gatewayUrl} for the credentials of ${deviceId} …`);
    const response = await http.request({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/json' },
      // The original's tool sends a number here, its client a text.
      body: canonicalText({ deviceId, ttl: days }),
      maxBytes: MAX_REPLY_BYTES,
    });
    if (isOk(response)) return { deviceId, answer: response.body };
    const cause = httpStatus(response, url, 'shared');
    if (response.status >= 500) throw cause;
    const isTaken = cause.details['code'] === 'device_already_registered';
    if (isTaken && wanted === undefined && draw < DRAWS) continue;
    const message = isTaken
      ? `The server already knows a device "${deviceId}": choose another --certificate-cn.`
      : `The server made no credentials: ${cause.message}`;
    throw new ProvisioningError(isTaken ? 'device_exists' : 'refused', message, { cause });
  }
}

async function fromFleet(wishes: Wishes, fleet: FleetWish, { p12Password }: Means): Promise<DeviceIdentity> {
  const deviceId = wishes.deviceId ?? randomDeviceId();
  const { country, state, organization, bits } = fleet;
  const plan = { commonName: deviceId, country, state, organization, bits };
  const authority = { certificate: read(fleet.certificateFile), privateKey: read(fleet.keyFile) };
  const made = await makeFleetIdentity(
    { ...plan, days: wishes.days ?? FLEET_DAYS, nowMs: Date.now() },
    authority,
  );
  const { credentials } = wishes;
  if (credentials === undefined) return { deviceId, ...made, rootCa: undefined, serverUrl: undefined };
  const { gatewayUrl, serverCa } = readCredentialsArchive(credentials);
  const rootCa =
    serverCa ?? (wishes.withRootCa ? readSharedIdentity(credentials, p12Password, 0).shared.ca : undefined);
  return { deviceId, ...made, rootCa, serverUrl: gatewayUrl };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('missing_file', `${file} cannot be read.`, { cause, details: { file } });
  }
}
