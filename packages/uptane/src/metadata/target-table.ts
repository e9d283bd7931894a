// The images of a Targets file by name, each made when it is asked for. Every entry's form is checked at once, on the
// bytes: a look says that an entry is of the usual form, and only where it does not is the entry read to find out why.
// Source: Uptane Standard #targets_images_metadata
import { readTargetEntry, type TargetEntry } from './target-entry.ts';
import { HEX_LENGTH } from '../hashes.ts';
import { parseTargetName } from '../identifiers.ts';
import { compareNames } from '../json/canonical-json.ts';
import { BYTE, isDigit, isHexDigit, ORDINARY, skipString, stands, stringAt } from '../json/json-bytes.ts';
import { escapedUnit } from '../json/scan-string.ts';
import { decodeAt, skipValue, type JsonView } from '../json/json-view.ts';

export type TargetTable = Pick<ReadonlyMap<string, TargetEntry>, 'get' | 'has' | 'size' | 'values'>;

const MAX_NAME = 1024;
const DELETE = 0x7f;
const NAME = {
  custom: Buffer.from('"custom":'),
  hashes: Buffer.from('"hashes":'),
  length: Buffer.from('"length":'),
  sha256: Buffer.from('"sha256":'),
  sha512: Buffer.from('"sha512":'),
};

/** @throws CodedError DecodeError, IdentifierError for the first entry of a wrong form */
export function readTargetTable(view: JsonView): TargetTable {
  const names = checkEntries(view);
  const entryAt = (nameAt: number): TargetEntry => readEntry(view, nameAt);
  const find = (name: string): number | undefined => findName(view.bytes, names, name);
  return {
    size: names.length,
    has: (name) => find(name) !== undefined,
    get(name) {
      const nameAt = find(name);
      return nameAt === undefined ? undefined : entryAt(nameAt);
    },
    values: () => names.values().map(entryAt),
  };
}

/** Where the names begin. */
function checkEntries(view: JsonView): Uint32Array {
  const { bytes } = view;
  const names: number[] = [];
  for (let at = view.at + 1; bytes[at] === BYTE.quote;) {
    names.push(at);
    const valueAt = skipString(bytes, at) + 1;
    const end = lookOver(view, valueAt);
    if (end === undefined) readEntry(view, at);
    else if (!isUsualName(bytes, at, valueAt)) parseTargetName(stringAt(bytes, at));
    at = (end ?? skipValue(view, valueAt)) + 1;
  }
  return Uint32Array.from(names);
}

function readEntry(view: JsonView, nameAt: number): TargetEntry {
  const { bytes } = view;
  return readTargetEntry(stringAt(bytes, nameAt), decodeAt(view, skipString(bytes, nameAt) + 1));
}

/** In canonical JSON the names rise. */
function findName(bytes: Buffer, names: Uint32Array, wanted: string): number | undefined {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const nameAt = names[middle] ?? 0;
    const order = compareNames(stringAt(bytes, nameAt), wanted);
    if (order === 0) return nameAt;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

function isUsualName(bytes: Buffer, nameAt: number, valueAt: number): boolean {
  const length = valueAt - nameAt - 3;
  if (length < 1 || length > MAX_NAME) return false;
  for (let at = nameAt + 1; at <= nameAt + length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === BYTE.backslash) {
      const isLong = bytes[at + 1] === BYTE.letterU;
      if (escapedUnit(bytes, at) < 0x20) return false;
      at += isLong ? 5 : 1;
    } else if (ORDINARY[byte] !== 1 || byte === DELETE) return false;
  }
  return true;
}

/** Where an entry of the usual form ends. undefined: it has to be read. */
function lookOver(view: JsonView, start: number): number | undefined {
  const { bytes } = view;
  if (bytes[start] !== BYTE.openObject || bytes[start + 1] === BYTE.closeObject) return undefined;
  let found = 0;
  let at = start;
  do {
    const nameAt = at + 1;
    const end = lookOverMember(view, nameAt);
    if (end === undefined) return undefined;
    if (stands(NAME.hashes, bytes, nameAt) || stands(NAME.length, bytes, nameAt)) found += 1;
    at = end;
  } while (bytes[at] === BYTE.comma);
  return found === 2 ? at + 1 : undefined;
}

function lookOverMember(view: JsonView, nameAt: number): number | undefined {
  const { bytes } = view;
  const valueAt = skipString(bytes, nameAt) + 1;
  if (stands(NAME.hashes, bytes, nameAt)) return lookOverHashes(view, valueAt);
  if (stands(NAME.custom, bytes, nameAt) && bytes[valueAt] !== BYTE.openObject) return undefined;
  if (stands(NAME.length, bytes, nameAt) && !isDigit(bytes[valueAt])) return undefined;
  return skipValue(view, valueAt);
}

function lookOverHashes(view: JsonView, start: number): number | undefined {
  const { bytes } = view;
  if (bytes[start] !== BYTE.openObject) return undefined;
  if (bytes[start + 1] === BYTE.closeObject) return start + 2;
  let at = start;
  do {
    const nameAt = at + 1;
    const valueAt = skipString(bytes, nameAt) + 1;
    const length = hexLengthAt(bytes, nameAt);
    if (length !== undefined && !isHex(bytes, valueAt, length)) return undefined;
    at = length === undefined ? skipValue(view, valueAt) : valueAt + length + 2;
  } while (bytes[at] === BYTE.comma);
  return at + 1;
}

function hexLengthAt(bytes: Buffer, nameAt: number): number | undefined {
  if (stands(NAME.sha256, bytes, nameAt)) return HEX_LENGTH.sha256;
  return stands(NAME.sha512, bytes, nameAt) ? HEX_LENGTH.sha512 : undefined;
}

function isHex(bytes: Buffer, start: number, length: number): boolean {
  const end = start + 1 + length;
  if (bytes[start] !== BYTE.quote || bytes[end] !== BYTE.quote) return false;
  for (let at = start + 1; at < end; at += 1) if (!isHexDigit(bytes[at])) return false;
  return true;
}
