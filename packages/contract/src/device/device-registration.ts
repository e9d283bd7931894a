// `POST /devices`: a device that holds shared credentials asks for its own. `ttl` is in days; the original's client sends
// it as text and its certificate tool as a number, so both are read.
// Source: client-protocol 3.1
import { MalformedBodyError, own, readFields, readText } from '../decode.ts';
import type { JsonFields } from '../json.ts';

export type DeviceRegistration = { readonly deviceId: string; readonly validDays?: number };

export function encodeDeviceRegistration(registration: DeviceRegistration): JsonFields {
  return {
    deviceId: registration.deviceId,
    ...(registration.validDays === undefined ? {} : { ttl: String(registration.validDays) }),
  };
}

export function decodeDeviceRegistration(value: unknown): DeviceRegistration {
  const fields = readFields(value, '');
  const deviceId = readText(fields, 'deviceId', '');
  const ttl = own(fields, 'ttl');
  if (ttl === undefined || ttl === null) return { deviceId };
  const validDays = typeof ttl === 'string' && /^[0-9]{1,9}$/.test(ttl) ? Number(ttl) : ttl;
  if (typeof validDays !== 'number' || !Number.isSafeInteger(validDays) || validDays < 0) {
    throw new MalformedBodyError('ttl', 'a whole number of days');
  }
  return { deviceId, validDays };
}
