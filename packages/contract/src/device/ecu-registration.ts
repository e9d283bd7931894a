// `POST /director/ecus`: the ECUs of a device and their public keys, the Primary first.
// `rollback` and `capabilities` are additions of ours that an original Director ignores.
// Source: client-protocol 3.2; extensions "Metadata fields"
import { MalformedBodyError, own, readFields, readList, readOptionalBoolean, readText } from '../decode.ts';
import type { JsonFields } from '../json.ts';

/** A public key in its wire form. */
export type EcuKey = {
  readonly keytype: 'RSA' | 'ED25519';
  readonly keyval: { readonly public: string };
};

export type RegisteredEcu = {
  readonly ecuSerial: string;
  readonly hardwareId: string;
  readonly clientKey: EcuKey;
  /** This ECU can return to its previous image. */
  readonly rollback?: boolean;
};

export type EcuRegistration = {
  readonly primaryEcuSerial: string;
  readonly ecus: readonly RegisteredEcu[];
  readonly capabilities?: readonly string[];
};

export type EcuRegistrationBody = {
  readonly primary_ecu_serial: string;
  readonly ecus: readonly {
    readonly ecu_serial: string;
    readonly hardware_identifier: string;
    readonly clientKey: EcuKey;
    readonly rollback?: boolean;
  }[];
  readonly capabilities?: readonly string[];
};

/** No vehicle has more; a list above this is an attack on memory. */
const MAX_ECUS = 1000;
const MAX_SERIAL = 64;
const MAX_HARDWARE_ID = 200;

export function encodeEcuRegistration(registration: EcuRegistration): EcuRegistrationBody {
  return {
    primary_ecu_serial: registration.primaryEcuSerial,
    ecus: registration.ecus.map((ecu) => ({
      ecu_serial: ecu.ecuSerial,
      hardware_identifier: ecu.hardwareId,
      clientKey: ecu.clientKey,
      ...(ecu.rollback === undefined ? {} : { rollback: ecu.rollback }),
    })),
    ...(registration.capabilities === undefined ? {} : { capabilities: registration.capabilities }),
  };
}

/** Refuses an empty list, a repeated serial and a Primary that is not among the ECUs. */
export function decodeEcuRegistration(value: unknown): EcuRegistration {
  const fields = readFields(value, '');
  const primaryEcuSerial = readText(fields, 'primary_ecu_serial', '');
  const list = readList(own(fields, 'ecus'), 'ecus');
  if (list.length === 0 || list.length > MAX_ECUS) {
    throw new MalformedBodyError('ecus', `a list of 1 to ${MAX_ECUS} ECUs`);
  }
  const ecus = list.map((entry, index) => decodeEcu(entry, `ecus[${index}]`));
  const serials = new Set(ecus.map((ecu) => ecu.ecuSerial));
  if (serials.size !== ecus.length) throw new MalformedBodyError('ecus', 'a list without repeated serials');
  if (!serials.has(primaryEcuSerial)) {
    throw new MalformedBodyError('primary_ecu_serial', 'the serial of one of the ECUs');
  }
  const capabilities = decodeCapabilities(fields);
  return { primaryEcuSerial, ecus, ...(capabilities === undefined ? {} : { capabilities }) };
}

function decodeEcu(value: unknown, path: string): RegisteredEcu {
  const fields = readFields(value, path);
  const ecuSerial = readText(fields, 'ecu_serial', path);
  if (ecuSerial.length > MAX_SERIAL) {
    throw new MalformedBodyError(`${path}.ecu_serial`, `at most ${MAX_SERIAL} characters`);
  }
  // The original allows an empty hardware id.
  const hardwareId = own(fields, 'hardware_identifier');
  if (typeof hardwareId !== 'string' || hardwareId.length > MAX_HARDWARE_ID) {
    throw new MalformedBodyError(
      `${path}.hardware_identifier`,
      `a text of at most ${MAX_HARDWARE_ID} characters`,
    );
  }
  const clientKey = decodeKey(own(fields, 'clientKey'), `${path}.clientKey`);
  const rollback = readOptionalBoolean(fields, 'rollback', path);
  return { ecuSerial, hardwareId, clientKey, ...(rollback === undefined ? {} : { rollback }) };
}

function decodeKey(value: unknown, path: string): EcuKey {
  const fields = readFields(value, path);
  const keytype = readText(fields, 'keytype', path);
  const keyval = readFields(own(fields, 'keyval'), `${path}.keyval`);
  if (keytype !== 'RSA' && keytype !== 'ED25519') {
    throw new MalformedBodyError(`${path}.keytype`, 'RSA or ED25519');
  }
  return { keytype, keyval: { public: readText(keyval, 'public', `${path}.keyval`) } };
}

function decodeCapabilities(fields: JsonFields): readonly string[] | undefined {
  const value = own(fields, 'capabilities');
  if (value === undefined || value === null) return undefined;
  return readList(value, 'capabilities').map((entry, index) => {
    if (typeof entry !== 'string') throw new MalformedBodyError(`capabilities[${index}]`, 'a text');
    return entry;
  });
}
