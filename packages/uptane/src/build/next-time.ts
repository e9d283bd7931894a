// The unsigned attestation of the time: what a time server answers to a nonce that somebody has just made up. It has
// neither version nor expiry, because it answers that nonce alone. Source: Uptane Standard #time_server
import { CodedError } from '../errors.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';
import { formatInstant, type Instant } from '../time.ts';

const NONCE = /^[0-9a-fA-F]{32,128}$/;

export type NextTime = { readonly time: Instant; readonly nonce: string };

export function isNonce(text: string): boolean {
  return NONCE.test(text);
}

/** @throws CodedError BuildError `invalid_nonce`: nobody gets a text of his own choice signed */
export function attestedTime({ time, nonce }: NextTime): JsonObject {
  if (!isNonce(nonce)) {
    throw new CodedError('BuildError', 'invalid_nonce', 'A nonce has 32 to 128 hexadecimal digits.');
  }
  return jsonObject([
    ['_type', 'Time'],
    ['nonce', nonce],
    ['time', formatInstant(time)],
  ]);
}
