// Names of one object, as they stand in JSON bytes: which comes first, and whether one occurs twice. In order by code
// point, which is the byte order of UTF-8 too, so that the bytes decide unless an escape is among them.
import type { CodedError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { BYTE, refuse, stringAt } from './json-bytes.ts';
import { escapedUnit } from './scan-string.ts';

/** Names of all open objects, the innermost last, by where they begin; `top` of them count. */
export type NameStack = {
  readonly bytes: Buffer;
  places: Uint32Array;
  top: number;
  /** What bringing all into order will cost, in comparisons. */
  sorting: number;
};

/** So many names are compared one by one. */
const FEW = 8;
const END = -1;
/** Nobody honest sends more disorder; sorting it would keep everything else waiting. */
const MAX_SORTING = 2_000_000;
/** The same in proportion to a document that someone has allowed to be larger. */
const MAX_SORTING_PER_BYTE = 1 / 4;
/** What an object out of order costs, however few names it has. */
const SORTING_PER_OBJECT = 8;

export function pushName(stack: NameStack, at: number): void {
  if (stack.top === stack.places.length) {
    const larger = new Uint32Array(stack.places.length * 2);
    larger.set(stack.places);
    stack.places = larger;
  }
  stack.places[stack.top] = at;
  stack.top += 1;
}

/** Negative, 0 or positive, for two names that begin here. */
export function compareNamesAt(bytes: Buffer, left: number, right: number): number {
  let a = left + 1;
  let b = right + 1;
  while (bytes[a] === bytes[b] && bytes[a] !== BYTE.quote) {
    const width = bytes[a] === BYTE.backslash ? widthOfBoth(bytes, a, b) : 1;
    if (width === 0) break;
    a += width;
    b += width;
  }
  const x = bytes[a] ?? 0;
  const y = bytes[b] ?? 0;
  if (x === BYTE.backslash || y === BYTE.backslash) return comparePoints(bytes, a, b);
  if (x === y) return 0;
  if (x === BYTE.quote || y === BYTE.quote) return x === BYTE.quote ? -1 : 1;
  return x - y;
}

/** Of two escapes that are written alike; 0 of others. */
function widthOfBoth(bytes: Buffer, a: number, b: number): number {
  const width = bytes[a + 1] === BYTE.letterU ? 6 : 2;
  for (let at = 1; at < width; at += 1) if (bytes[a + at] !== bytes[b + at]) return 0;
  return width;
}

/** From here on, code point by code point: nothing is made of the names, however many are compared. */
function comparePoints(bytes: Buffer, left: number, right: number): number {
  let a = left;
  let b = right;
  for (;;) {
    const [x, y] = [pointAt(bytes, a), pointAt(bytes, b)];
    if (x !== y || x === END) return x - y;
    a += widthAt(bytes, a);
    b += widthAt(bytes, b);
  }
}

/** The code point that begins here in a string that was scanned; END at its end. */
function pointAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first === BYTE.quote) return END;
  if (first === BYTE.backslash) {
    const unit = escapedUnit(bytes, at);
    if (!isHigh(unit)) return unit;
    return 0x10000 + ((unit - 0xd800) << 10) + (escapedUnit(bytes, at + 6) - 0xdc00);
  }
  if (first < 0x80) return first;
  const length = widthAt(bytes, at);
  let point = first & (0xff >> (length + 1));
  for (let next = at + 1; next < at + length; next += 1) point = (point << 6) | ((bytes[next] ?? 0) & 0x3f);
  return point;
}

/** In bytes; escaped pairs are two escapes. */
function widthAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first !== BYTE.backslash) return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes[at + 1] !== BYTE.letterU) return 2;
  return isHigh(escapedUnit(bytes, at)) ? 12 : 6;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Whether the last name comes after the one before it, in the object whose names begin at `base`. */
export function isRising(stack: NameStack, base: number): boolean {
  const { bytes, places, top } = stack;
  const rises = top - base < 2 || compareNamesAt(bytes, places[top - 2] ?? 0, places[top - 1] ?? 0) < 0;
  if (!rises) stack.sorting += SORTING_PER_OBJECT;
  return rises;
}

/**
 * That the last name is new, in an object whose names do not rise. `seen` is what the last call answered.
 * @throws CodedError JsonError duplicate_name, too_disordered
 */
export function checkNewName(stack: NameStack, base: number, seen?: Set<string>): Set<string> | undefined {
  const { bytes, places, top } = stack;
  const at = places[top - 1] ?? 0;
  stack.sorting += 32 - Math.clz32(top - base);
  if (stack.sorting > Math.max(MAX_SORTING, bytes.length * MAX_SORTING_PER_BYTE))
    throw refuse(at, 'too_disordered', 'too many names are out of order');
  if (seen === undefined && top - base <= FEW) {
    for (let other = base; other < top - 1; other += 1) {
      if (compareNamesAt(bytes, places[other] ?? 0, at) === 0) throw repeated(bytes, at);
    }
    return undefined;
  }
  const earlier = places.subarray(base, top - 1);
  const names = seen ?? new Set(Array.from(earlier, (place) => stringAt(bytes, place)));
  const name = stringAt(bytes, at);
  if (names.has(name)) throw repeated(bytes, at);
  return names.add(name);
}

function repeated(bytes: Buffer, at: number): CodedError {
  return refuse(at, 'duplicate_name', `the name "${quoted(stringAt(bytes, at), 40)}" occurs twice`);
}
