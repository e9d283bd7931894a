// A value inside canonical JSON bytes, by where it begins: members are found by walking, values are made when they are
// asked for. A document of a hundred thousand entries of which one is wanted is never built whole.
// Everything here trusts that scan-json.ts has walked the bytes and found them canonical.
import { BYTE, skipString, stringAt } from './json-bytes.ts';
import { readObject } from './decode.ts';
import { jsonObject, withoutPrototypes, type JsonObject, type JsonValue } from './value.ts';

export type JsonView = {
  readonly bytes: Buffer;
  /** Where large containers end, by where they begin. */
  readonly ends: ReadonlyMap<number, number>;
  readonly at: number;
};

/** A member by where its name and its value begin. */
export type Member = { readonly nameAt: number; readonly valueAt: number };

/** @throws CodedError DecodeError when it is none */
export function readObjectView(view: JsonView | undefined, path: string): JsonView {
  if (view !== undefined && view.bytes[view.at] === BYTE.openObject) return view;
  readObject(decodeIfAny(view), path);
  throw new TypeError(`"${path}" is an object after all.`);
}

/** The members of the object, in order. */
export function* members(view: JsonView): Generator<Member> {
  const { bytes } = view;
  let nameAt = view.at + 1;
  while (bytes[nameAt] === BYTE.quote) {
    const valueAt = skipString(bytes, nameAt) + 1;
    yield { nameAt, valueAt };
    nameAt = skipValue(view, valueAt) + 1;
  }
}

/** Of an array; 0 of anything else. */
export function countItems(view: JsonView): number {
  if (view.bytes[view.at] !== BYTE.openArray) return 0;
  let count = 0;
  for (const _ of items(view, view.at)) count += 1;
  return count;
}

export function findMember(view: JsonView, name: string): JsonView | undefined {
  for (const { nameAt, valueAt } of members(view)) {
    if (stringAt(view.bytes, nameAt) === name) return { ...view, at: valueAt };
  }
  return undefined;
}

/** The object with all members but one. */
export function decodeWithout(view: JsonView, name: string): JsonObject {
  const entries: [string, JsonValue][] = [];
  for (const { nameAt, valueAt } of members(view)) {
    const found = stringAt(view.bytes, nameAt);
    if (found !== name) entries.push([found, decodeAt(view, valueAt)]);
  }
  return jsonObject(entries);
}

export function decode(view: JsonView): JsonValue {
  return decodeAt(view, view.at);
}

export function decodeIfAny(view: JsonView | undefined): JsonValue | undefined {
  return view === undefined ? undefined : decode(view);
}

export function bytesOf(view: JsonView): Uint8Array {
  return view.bytes.subarray(view.at, skipValue(view, view.at));
}

/**
 * The native parser will do where nothing is escaped: the bytes are proven, and canonical ones are ASCII. Where something
 * is, V8 can take a name for one of an earlier document (nodejs/node#63785); then objects are built from their members.
 */
export function decodeAt(view: JsonView, at: number): JsonValue {
  const { bytes } = view;
  const text = bytes.toString('latin1', at, skipValue(view, at));
  // A string alone is read right.
  if (bytes[at] === BYTE.quote) return JSON.parse(text) as string;
  if (!text.includes('\\')) return withoutPrototypes(JSON.parse(text) as JsonValue);
  if (bytes[at] === BYTE.openArray) return Array.from(items(view, at), (itemAt) => decodeAt(view, itemAt));
  const named = Array.from(members({ ...view, at }), ({ nameAt, valueAt }): [string, JsonValue] => [
    stringAt(bytes, nameAt),
    decodeAt(view, valueAt),
  ]);
  return jsonObject(named);
}

/** Where the items of the array begin. */
function* items(view: JsonView, start: number): Generator<number> {
  const { bytes } = view;
  if (bytes[start + 1] === BYTE.closeArray) return;
  for (let at = start; bytes[at] !== BYTE.closeArray; at = skipValue(view, at + 1)) yield at + 1;
}

/** Where the value that begins here ends. */
export function skipValue({ bytes, ends }: JsonView, start: number): number {
  const first = bytes[start];
  if (first === BYTE.quote) return skipString(bytes, start);
  if (first !== BYTE.openObject && first !== BYTE.openArray) return skipPlain(bytes, start);
  const known = ends.get(start);
  if (known !== undefined) return known;
  let depth = 1;
  let at = start + 1;
  while (depth > 0) {
    const byte = bytes[at];
    if (byte === BYTE.quote) {
      at = skipString(bytes, at);
      continue;
    }
    if (byte === BYTE.openObject || byte === BYTE.openArray) depth += 1;
    else if (byte === BYTE.closeObject || byte === BYTE.closeArray) depth -= 1;
    at += 1;
  }
  return at;
}

/** Numbers and words end where anything else begins. */
function skipPlain(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    const ends = byte === BYTE.comma || byte === BYTE.closeObject || byte === BYTE.closeArray;
    if (ends || byte === undefined) return at;
    at += 1;
  }
}
