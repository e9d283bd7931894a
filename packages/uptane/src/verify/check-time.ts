// Attested time: the answer to our own nonce, signed by enough distinct keys of the Director's role `time`, and not
// before a time that was attested already. Whatever is wrong with it, it says nothing about the time: one code for all.
// Source: Uptane Standard #time_server, #check_time_primary
import { MetadataError } from '../errors.ts';
import { readString } from '../json/decode.ts';
import { member } from '../json/value.ts';
import { isKnownMethod } from '../keys/verify-signature.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { readEnvelope, type Envelope } from '../metadata/envelope.ts';
import type { Root } from '../metadata/root.ts';
import { formatInstant, parseInstant, type Instant } from '../time.ts';
import { countValidKeys, type Authority } from './check-signatures.ts';

export type TimeExpectation = {
  /** The one that was sent, digit by digit. */
  readonly nonce: string;
  /** The time that was attested last. */
  readonly notBefore?: Instant;
};

/** `root`: the Director's. @throws MetadataError TimeUntrusted */
export function checkAttestedTime(
  received: Uint8Array,
  root: Root,
  expected: TimeExpectation,
  limits: Limits = DEFAULT_LIMITS,
): Instant {
  const { nonce, notBefore } = expected;
  const attested = readAttestedTime(received, limits);
  checkTimeKeys(attested.envelope, timeAuthority(root));
  if (attested.nonce !== nonce) throw timeUntrusted('it answers another question than ours');
  if (notBefore !== undefined && attested.time < notBefore) {
    throw timeUntrusted(
      `it says ${formatInstant(attested.time)}, and ${formatInstant(notBefore)} was attested before`,
    );
  }
  return attested.time;
}

/** Whether a kept attestation counts: as other stored documents, as long as one of today's keys stands behind it. */
export function storedAttestedTime(
  stored: Uint8Array,
  root: Root,
  limits: Limits = DEFAULT_LIMITS,
): Instant | undefined {
  if (root.timeKeys === undefined) return undefined;
  try {
    const { envelope, time } = readAttestedTime(stored, limits);
    return countValidKeys(envelope, timeAuthority(root)) > 0 ? time : undefined;
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

/** For whoever could not get an attestation at all, too. */
export function timeUntrusted(why: string, cause?: unknown): MetadataError {
  return new MetadataError('TimeUntrusted', `The attested time is not acceptable: ${why}.`, {
    role: 'Time',
    repository: 'director',
    ...(cause === undefined ? {} : { cause }),
  });
}

type AttestedTime = { readonly envelope: Envelope; readonly nonce: string; readonly time: Instant };

function readAttestedTime(received: Uint8Array, limits: Limits): AttestedTime {
  if (received.byteLength > limits.timeBytes)
    throw timeUntrusted(`it is longer than ${limits.timeBytes} bytes`);
  try {
    const envelope = readEnvelope(received, limits);
    const text = (name: string): string => readString(member(envelope.signed, name), name);
    const type = text('_type');
    if (type !== 'Time') throw timeUntrusted(`it says that it is "${type.slice(0, 20)}"`);
    return { envelope, nonce: text('nonce'), time: parseInstant(text('time')) };
  } catch (cause) {
    if (cause instanceof MetadataError) throw cause;
    throw timeUntrusted('it cannot be read', cause);
  }
}

function timeAuthority(root: Root): Authority {
  if (root.timeKeys === undefined) throw timeUntrusted('the Director’s Root names no keys for it');
  return { keys: root.keys, role: root.timeKeys };
}

function checkTimeKeys(envelope: Envelope, authority: Authority): void {
  const { signatures } = envelope;
  if (new Set(signatures.map(({ keyid }) => keyid)).size < signatures.length)
    throw timeUntrusted('it is signed twice by one key id');
  if (!signatures.every(({ method }) => isKnownMethod(method)))
    throw timeUntrusted('it is signed by an unknown method');
  const valid = countValidKeys(envelope, authority);
  if (valid < authority.role.threshold)
    throw timeUntrusted(`it has ${valid} valid signatures of ${authority.role.threshold}`);
}
