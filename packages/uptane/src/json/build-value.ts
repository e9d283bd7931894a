// Canonical JSON bytes → the value. The native parser will do where no object has an escape in it: the bytes are proven, and
// canonical ones are ASCII. Where one has, V8 can take a name for one of an earlier document (nodejs/node#63785); then the
// value is built here, in one walk, so that it costs the same however deep it is nested.
// Everything here trusts that scan-json.ts has walked the bytes.
import { BYTE, isDigit, skipPlain, skipString, stringAt } from './json-bytes.ts';
import { jsonObject, withoutPrototypes, type JsonValue } from './value.ts';

/** Where the walk is, and where large containers end, by where they begin. */
type Walk = { readonly bytes: Buffer; readonly ends: ReadonlyMap<number, number>; at: number };
type Span = { readonly start: number; readonly end: number };

const WORDS: ReadonlyMap<number, JsonValue> = new Map(
  [null, true, false].map((word) => [String(word).charCodeAt(0), word]),
);
const ONE_DIGIT = 1;

/** The value that stands there. */
export function buildValue(bytes: Buffer, ends: ReadonlyMap<number, number>, span: Span): JsonValue {
  return parsed(bytes, span) ?? build({ bytes, ends, at: span.start });
}

/** undefined: it has to be built. */
function parsed(bytes: Buffer, { start, end }: Span): JsonValue | undefined {
  const piece = bytes.subarray(start, end);
  const hasObjects = piece.includes(BYTE.openObject);
  if (hasObjects && piece.includes(BYTE.backslash)) return undefined;
  const value = JSON.parse(piece.toString('latin1')) as JsonValue;
  return hasObjects ? withoutPrototypes(value) : value;
}

/** Leaves the walk behind the value. */
function build(walk: Walk): JsonValue {
  const { bytes, at: start } = walk;
  const first = bytes[start] ?? 0;
  if (first === BYTE.openObject || first === BYTE.openArray) {
    const end = walk.ends.get(start);
    const value = end === undefined ? undefined : parsed(bytes, { start, end });
    if (end === undefined || value === undefined) return buildContainer(walk);
    walk.at = end;
    return value;
  }
  if (first === BYTE.quote) {
    walk.at = skipString(bytes, start);
    return stringAt(bytes, start);
  }
  walk.at = skipPlain(bytes, start);
  if (first !== BYTE.minus && !isDigit(first)) return WORDS.get(first) ?? null;
  if (walk.at - start === ONE_DIGIT) return first - BYTE.zero;
  return Number(bytes.toString('latin1', start, walk.at));
}

function buildContainer(walk: Walk): JsonValue {
  return walk.bytes[walk.at] === BYTE.openObject ? buildObject(walk) : buildArray(walk);
}

function buildArray(walk: Walk): JsonValue {
  const { bytes } = walk;
  const items: JsonValue[] = [];
  walk.at += 1;
  while (bytes[walk.at] !== BYTE.closeArray) {
    items.push(build(walk));
    if (bytes[walk.at] === BYTE.comma) walk.at += 1;
  }
  walk.at += 1;
  return items;
}

function buildObject(walk: Walk): JsonValue {
  const { bytes } = walk;
  const members: [string, JsonValue][] = [];
  walk.at += 1;
  while (bytes[walk.at] !== BYTE.closeObject) {
    const nameAt = walk.at;
    walk.at = skipString(bytes, nameAt) + 1;
    members.push([stringAt(bytes, nameAt), build(walk)]);
    if (bytes[walk.at] === BYTE.comma) walk.at += 1;
  }
  walk.at += 1;
  return jsonObject(members);
}
