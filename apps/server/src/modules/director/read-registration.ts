// The body of an ECU registration, checked beyond its shape: every key is a public key that we would trust a signature of,
// and every name can stand in signed metadata, which is ASCII. Something that looks like a private key is refused: it
// must not be sent, let alone stored. Source: server-protocol 2.3 rules 3 and 6, 4.1; requirement 5.3.2.2-3
import {
  decodeEcuRegistration,
  MalformedBodyError,
  type EcuRegistration,
} from '@ota-connect/contract/device';
import {
  CodedError,
  isJsonObject,
  member,
  parsePublicKey,
  parseStrictJson,
  type JsonValue,
} from '@ota-connect/uptane';
import { RequestError } from '../../platform/http/problem.ts';

/** Throws RequestError `invalid_entity`, `primary_is_not_listed_for_device`. */
export function readRegistration(body: Uint8Array): EcuRegistration {
  const value = readJson(body);
  refusePrivateKeys(value);
  const registration = decode(value);
  for (const ecu of registration.ecus) {
    const where = `The ECU "${ecu.ecuSerial}"`;
    if (!/^[!-~]+$/.test(ecu.ecuSerial)) throw refuse('A serial may have printable ASCII characters alone.');
    if (!/^[ -~]*$/.test(ecu.hardwareId)) throw refuse(`${where} has a hardware id that is not ASCII.`);
    checkKey(ecu.clientKey, where);
  }
  return registration;
}

function readJson(body: Uint8Array): JsonValue {
  try {
    return parseStrictJson(body);
  } catch (cause) {
    throw new RequestError('invalid_entity', 'The body is not JSON.', { cause });
  }
}

function decode(value: JsonValue): EcuRegistration {
  try {
    return decodeEcuRegistration(value);
  } catch (cause) {
    if (!(cause instanceof MalformedBodyError)) throw cause;
    const named = isJsonObject(value) && typeof member(value, 'primary_ecu_serial') === 'string';
    const code =
      named && cause.path === 'primary_ecu_serial' ? 'primary_is_not_listed_for_device' : 'invalid_entity';
    throw new RequestError(code, `${cause.message}.`, { cause });
  }
}

function checkKey(key: EcuRegistration['ecus'][number]['clientKey'], where: string): void {
  try {
    parsePublicKey({ keytype: key.keytype, keyval: { public: key.keyval.public } });
  } catch (cause) {
    const why = cause instanceof CodedError ? cause.message : 'The key cannot be read.';
    throw new RequestError('invalid_entity', `${where} has no acceptable key. ${why}`, { cause });
  }
}

/** Neither a member named `private` nor key material of private form; the sentence quotes nothing. */
function refusePrivateKeys(value: JsonValue): void {
  if (typeof value === 'string') {
    const looksPrivate = /PRIVATE KEY/i.test(value) || /^[0-9a-f]{128}$/i.test(value.trim());
    if (looksPrivate) throw refuse('The body holds a private key, which must never leave its ECU.');
  } else if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) refusePrivateKeys(item);
  } else if (isJsonObject(value)) {
    if (member(value, 'private') !== undefined) {
      throw refuse('The body holds a private key, which must never leave its ECU.');
    }
    for (const item of Object.values(value)) refusePrivateKeys(item);
  }
}

function refuse(message: string): RequestError {
  return new RequestError('invalid_entity', message);
}
