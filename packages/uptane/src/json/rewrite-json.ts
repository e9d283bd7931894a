// JSON that was scanned → its canonical form, byte by byte: blanks dropped, names brought into order, strings and zeros
// written in the one way. No values are made on the way. Canonical form as in canonical-json.ts
import { compareNamesAt } from './json-names.ts';
import { BYTE, isBlank, ORDINARY } from './json-bytes.ts';
import { compactJson } from './compact-json.ts';
import { LARGE, scanJson, type ScannedJson } from './scan-json.ts';
import { escapedUnit } from './scan-string.ts';

type Rewriting = {
  readonly input: Buffer;
  readonly output: Buffer;
  length: number;
  /** Of the output, as in ScannedJson; wrong once a large object was brought into order. */
  readonly ends: Map<number, number>;
  hasMoved: boolean;
  spare: Buffer;
};

type Span = { readonly start: number; readonly end: number };

/** So many names are sorted in place. */
const FEW = 8;
const SHORT = 64;

/** Nothing becomes longer but text beyond ASCII: two bytes of it become six. */
const LONGEST_ESCAPE = 3;
/** What stands behind the backslash, by the unit that it means. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  ['\b', '\f', '\n', '\r', '\t', '"', '\\'].map((unit) => [
    unit.charCodeAt(0),
    JSON.stringify(unit).charCodeAt(2),
  ]),
);
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const ENDS: ReadonlySet<number> = new Set([BYTE.comma, BYTE.closeObject, BYTE.closeArray]);

export function rewriteJson(scanned: ScannedJson, maxDepth: number): ScannedJson {
  const { bytes, isAscii } = scanned;
  if (scanned.isSpacedOut) return compactJson(bytes);
  const output = Buffer.allocUnsafeSlow(bytes.length * (isAscii ? 1 : LONGEST_ESCAPE));
  const rewriting: Rewriting = {
    input: bytes,
    output,
    length: 0,
    ends: new Map(),
    hasMoved: false,
    spare: Buffer.alloc(0),
  };
  writeValue(rewriting, skipBlanks(bytes, 0));
  const canonical = output.subarray(0, rewriting.length);
  if (rewriting.hasMoved) return scanJson(canonical, maxDepth);
  return { bytes: canonical, ends: rewriting.ends, isCanonical: true, isSpacedOut: false, isAscii: true };
}

/** Each function here takes where its part of the input begins and gives where it ends. */
function writeValue(rewriting: Rewriting, at: number): number {
  const first = rewriting.input[at];
  if (first === BYTE.quote) return writeString(rewriting, at);
  if (first !== BYTE.openObject && first !== BYTE.openArray) return writePlain(rewriting, at);
  const place = rewriting.length;
  const end = first === BYTE.openObject ? writeObject(rewriting, at) : writeArray(rewriting, at);
  if (rewriting.length - place >= LARGE) rewriting.ends.set(place, rewriting.length);
  return end;
}

function writeObject(rewriting: Rewriting, start: number): number {
  const { input, output } = rewriting;
  const places: number[] = [];
  let hasOrder = true;
  write(rewriting, BYTE.openObject);
  let at = skipBlanks(input, start + 1);
  while (input[at] !== BYTE.closeObject) {
    const place = rewriting.length;
    const nameEnd = writeString(rewriting, at);
    const previous = places.at(-1);
    if (previous !== undefined && compareNamesAt(output, previous, place) > 0) hasOrder = false;
    places.push(place);
    write(rewriting, BYTE.colon);
    const valueAt = skipBlanks(input, skipBlanks(input, nameEnd) + 1);
    at = skipBlanks(input, writeValue(rewriting, valueAt));
    write(rewriting, BYTE.comma);
    if (input[at] === BYTE.comma) at = skipBlanks(input, at + 1);
  }
  if (!hasOrder) bringIntoOrder(rewriting, places);
  return close(rewriting, BYTE.closeObject, at);
}

function writeArray(rewriting: Rewriting, start: number): number {
  const { input } = rewriting;
  write(rewriting, BYTE.openArray);
  let at = skipBlanks(input, start + 1);
  while (input[at] !== BYTE.closeArray) {
    at = skipBlanks(input, writeValue(rewriting, at));
    write(rewriting, BYTE.comma);
    if (input[at] === BYTE.comma) at = skipBlanks(input, at + 1);
  }
  return close(rewriting, BYTE.closeArray, at);
}

/** The last comma makes room for the end. */
function close(rewriting: Rewriting, byte: number, at: number): number {
  if (rewriting.output[rewriting.length - 1] === BYTE.comma) rewriting.length -= 1;
  write(rewriting, byte);
  return at + 1;
}

/** The members stand at the end of the output, each with its comma. */
function bringIntoOrder(rewriting: Rewriting, places: readonly number[]): void {
  const { output, length } = rewriting;
  const start = places[0] ?? length;
  const size = length - start;
  if (size >= LARGE) rewriting.hasMoved = true;
  if (rewriting.spare.length < size) rewriting.spare = Buffer.allocUnsafeSlow(size * 2);
  const { spare } = rewriting;
  const order = sorted(output, places);
  let to = 0;
  for (const index of order) {
    to += copy(output, { start: places[index] ?? 0, end: places[index + 1] ?? length }, spare, to);
  }
  copy(spare, { start: 0, end: size }, output, start);
}

/** Indexes of the places in the order of the names there. */
function sorted(output: Buffer, places: readonly number[]): readonly number[] {
  const order = places.map((_, index) => index);
  const compare = (a: number, b: number): number => compareNamesAt(output, places[a] ?? 0, places[b] ?? 0);
  if (order.length > FEW) return order.sort(compare);
  for (let end = 1; end < order.length; end += 1) {
    for (let at = end; at > 0 && compare(order[at - 1] ?? 0, order[at] ?? 0) > 0; at -= 1) {
      [order[at - 1], order[at]] = [order[at] ?? 0, order[at - 1] ?? 0];
    }
  }
  return order;
}

/** Short pieces are copied faster here than by a call. Gives the length. */
function copy(from: Buffer, { start, end }: Span, to: Buffer, at: number): number {
  if (end - start > SHORT) from.copy(to, at, start, end);
  else for (let offset = 0; offset < end - start; offset += 1) to[at + offset] = from[start + offset] ?? 0;
  return end - start;
}

function writeString(rewriting: Rewriting, start: number): number {
  const { input, output } = rewriting;
  let at = start + 1;
  let to = rewriting.length;
  output[to] = BYTE.quote;
  // The usual string is copied without a call for each byte.
  for (let byte = input[at] ?? 0; ORDINARY[byte] === 1; byte = input[at] ?? 0) {
    to += 1;
    output[to] = byte;
    at += 1;
  }
  rewriting.length = to + 1;
  for (let byte = input[at] ?? 0; byte !== BYTE.quote; byte = input[at] ?? 0) {
    if (ORDINARY[byte] === 1) {
      write(rewriting, byte);
      at += 1;
    } else if (byte === BYTE.backslash) {
      writeUnit(rewriting, escapedUnit(input, at));
      at += input[at + 1] === BYTE.letterU ? 6 : 2;
    } else {
      at = writeBeyondAscii(rewriting, at);
    }
  }
  write(rewriting, BYTE.quote);
  return at + 1;
}

/** A code point of two to four bytes, known to be well-formed, as one or two UTF-16 units. */
function writeBeyondAscii(rewriting: Rewriting, start: number): number {
  const { input } = rewriting;
  const first = input[start] ?? 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let point = first & (0xff >> (length + 1));
  for (let at = start + 1; at < start + length; at += 1) point = (point << 6) | ((input[at] ?? 0) & 0x3f);
  if (point < 0x10000) writeUnit(rewriting, point);
  else {
    writeUnit(rewriting, 0xd800 + ((point - 0x10000) >> 10));
    writeUnit(rewriting, 0xdc00 + ((point - 0x10000) & 0x3ff));
  }
  return start + length;
}

function writeUnit(rewriting: Rewriting, unit: number): void {
  const short = unit < 0x80 ? SHORT_ESCAPES.get(unit) : undefined;
  if (short !== undefined) {
    write(rewriting, BYTE.backslash);
    write(rewriting, short);
  } else if (unit >= 0x20 && unit < 0x80) write(rewriting, unit);
  else {
    const { output, length } = rewriting;
    output[length] = BYTE.backslash;
    output[length + 1] = BYTE.letterU;
    output[length + 2] = HEX_DIGITS[unit >> 12] ?? 0;
    output[length + 3] = HEX_DIGITS[(unit >> 8) & 15] ?? 0;
    output[length + 4] = HEX_DIGITS[(unit >> 4) & 15] ?? 0;
    output[length + 5] = HEX_DIGITS[unit & 15] ?? 0;
    rewriting.length = length + 6;
  }
}

/** Numbers and words; the zero that has a sign loses it. */
function writePlain(rewriting: Rewriting, start: number): number {
  const { input } = rewriting;
  let at = start;
  if (input[at] === BYTE.minus && input[at + 1] === BYTE.zero) at += 1;
  for (let byte = input[at]; byte !== undefined && byte > 0x20 && !ENDS.has(byte); byte = input[at]) {
    write(rewriting, byte);
    at += 1;
  }
  return at;
}

function write(rewriting: Rewriting, byte: number): void {
  rewriting.output[rewriting.length] = byte;
  rewriting.length += 1;
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start;
  while (isBlank(bytes[at])) at += 1;
  return at;
}
