// One image as a Targets file lists it: length, hashes, custom data. Source: Uptane Standard #targets_images_metadata
import { readHashes, type Hashes } from '../hashes.ts';
import { parseTargetName, type TargetName } from '../identifiers.ts';
import { readInteger, readObject, readOptional } from '../json/decode.ts';
import { quoted } from '../quoted.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';

export type TargetEntry = {
  readonly name: TargetName;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  /** Empty when there is none. */
  readonly custom: JsonObject;
};

const NO_CUSTOM = jsonObject([]);

/** @throws CodedError DecodeError, IdentifierError */
export function readTargetEntry(name: string, value: JsonValue): TargetEntry {
  const path = `targets["${quoted(name, 80)}"]`;
  const object = readObject(value, path);
  return {
    name: parseTargetName(name),
    lengthBytes: readInteger(member(object, 'length'), `${path}.length`),
    hashes: readHashes(member(object, 'hashes'), `${path}.hashes`),
    custom: readOptional(object, 'custom', readObject) ?? NO_CUSTOM,
  };
}
