// A value inside canonical JSON bytes, by where it begins: members are found by walking, values are made when they are
// asked for. A document of a hundred thousand entries of which one is wanted is never built whole.
// Everything here trusts that scan-json.ts has walked the bytes and found them canonical.
import { CodedError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { buildValue } from './build-value.ts';
import { canonicalText } from './canonical-json.ts';
import { MAX_PATH, readObject } from './decode.ts';
import { BYTE, skipPlain, skipString, stands, stringAt } from './json-bytes.ts';
import { jsonObject, type JsonObject, type JsonValue } from './value.ts';

export type JsonView = {
  readonly bytes: Buffer;
  /** Where large containers end, by where they begin. */
  readonly ends: ReadonlyMap<number, number>;
  readonly at: number;
};

/** The signature of the longest key takes half of it. */
const MAX_SHORT = 4096;
const NO_MEMBERS = jsonObject([]);

/** A member by where its name and its value begin. */
export type Member = { readonly nameAt: number; readonly valueAt: number };

/** @throws CodedError DecodeError when it is none */
export function readObjectView(view: JsonView | undefined, path: string): JsonView {
  if (view !== undefined && view.bytes[view.at] === BYTE.openObject) return view;
  readObject(view === undefined ? undefined : decodeShort(view, path), path);
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

/** Where the items of the array begin; none of anything else. */
export function* items(view: JsonView): Generator<number> {
  const { bytes, at: start } = view;
  if (bytes[start] !== BYTE.openArray || bytes[start + 1] === BYTE.closeArray) return;
  for (let at = start; bytes[at] !== BYTE.closeArray; at = skipValue(view, at + 1)) yield at + 1;
}

/** Whether an array has more items; counts no further. */
export function hasMoreItems(view: JsonView, most: number): boolean {
  let count = 0;
  for (const _ of items(view)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}

export function findMember(view: JsonView, name: string): JsonView | undefined {
  return findMembers(view, [name]).get(name);
}

/** In one walk: each passes over all that stands before, however long that is. */
export function findMembers(view: JsonView, names: readonly string[]): ReadonlyMap<string, JsonView> {
  const { bytes } = view;
  const wanted = names.map((name) => ({ name, text: Buffer.from(canonicalText(name)) }));
  const found = new Map<string, JsonView>();
  for (let at = view.at + 1; bytes[at] === BYTE.quote && found.size < names.length;) {
    const valueAt = skipString(bytes, at) + 1;
    for (const { name, text } of wanted) {
      if (valueAt - at === text.length + 1 && stands(text, bytes, at))
        found.set(name, { ...view, at: valueAt });
    }
    at = skipValue(view, valueAt) + 1;
  }
  return found;
}

/**
 * What a reader has to know to take or to refuse the value, whatever its size: short texts, numbers and words as they
 * are; of objects and arrays that they are ones. `path` is for the refusal of a long text.
 * @throws CodedError DecodeError
 */
export function decodeShort(view: JsonView, path: string): JsonValue {
  const { bytes, at } = view;
  if (bytes[at] === BYTE.openObject) return NO_MEMBERS;
  if (bytes[at] === BYTE.openArray) return [];
  if (bytes[at] !== BYTE.quote) return decode(view);
  if (skipString(bytes, at) - at <= MAX_SHORT) return stringAt(bytes, at);
  throw new CodedError(
    'DecodeError',
    'malformed',
    `"${quoted(path, MAX_PATH)}" is longer than ${MAX_SHORT} bytes.`,
  );
}

/** Of an object these members, each in short; anything else in short. @throws CodedError DecodeError */
export function decodeMembers(view: JsonView, names: readonly string[], path: string): JsonValue {
  if (view.bytes[view.at] !== BYTE.openObject) return decodeShort(view, path);
  const found = Array.from(findMembers(view, names));
  return jsonObject(found.map(([name, one]) => [name, decodeShort(one, `${path}.${name}`)]));
}

/** Of an object these members, in full. */
export function decodeOf(view: JsonView, names: readonly string[]): JsonObject {
  return jsonObject(Array.from(findMembers(view, names), ([name, one]) => [name, decode(one)]));
}

export function decode(view: JsonView): JsonValue {
  return decodeAt(view, view.at);
}

export function decodeIfAny(view: JsonView | undefined): JsonValue | undefined {
  return view === undefined ? undefined : decode(view);
}

export function bytesOf(view: JsonView): Buffer {
  return view.bytes.subarray(view.at, skipValue(view, view.at));
}

export function decodeAt(view: JsonView, at: number): JsonValue {
  const { bytes, ends } = view;
  if (bytes[at] === BYTE.quote) return stringAt(bytes, at);
  return buildValue(bytes, ends, { start: at, end: skipValue(view, at) });
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
