// JSON that was scanned → its canonical form, byte by byte: blanks dropped, names brought into order, strings and zeros
// written in the one way. No values are made on the way. Canonical form as in canonical-json.ts
import { compareNamesAt } from './json-names.ts';
import { BYTE, isBlank } from './json-bytes.ts';
import { compactJson } from './compact-json.ts';
import { orderMembers, type Ordering } from './order-members.ts';
import { LONGEST_ESCAPE, write, writeString, type Rewriting } from './rewrite-string.ts';
import { LARGE, type ScannedJson } from './scan-json.ts';

type Document = Rewriting & Ordering;

export function rewriteJson(scanned: ScannedJson): ScannedJson {
  const { bytes, isAscii } = scanned;
  if (scanned.isSpacedOut) return compactJson(bytes);
  const output = Buffer.allocUnsafeSlow(bytes.length * (isAscii ? 1 : LONGEST_ESCAPE));
  const rewriting: Document = {
    input: bytes,
    output,
    length: 0,
    large: [],
    spare: Buffer.alloc(0),
  };
  writeValue(rewriting, skipBlanks(bytes, 0));
  const canonical = output.subarray(0, rewriting.length);
  const ends = new Map(rewriting.large.map(({ start, end }) => [start, end]));
  return { bytes: canonical, ends, isCanonical: true, isSpacedOut: false, isAscii: true };
}

/** Each function here takes where its part of the input begins and gives where it ends. */
function writeValue(rewriting: Document, at: number): number {
  const first = rewriting.input[at];
  if (first === BYTE.quote) return writeString(rewriting, at);
  if (first !== BYTE.openObject && first !== BYTE.openArray) return writePlain(rewriting, at);
  const place = rewriting.length;
  const end = first === BYTE.openObject ? writeObject(rewriting, at) : writeArray(rewriting, at);
  if (rewriting.length - place >= LARGE) rewriting.large.push({ start: place, end: rewriting.length });
  return end;
}

function writeObject(rewriting: Document, start: number): number {
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
  if (!hasOrder) orderMembers(rewriting, places);
  return close(rewriting, BYTE.closeObject, at);
}

function writeArray(rewriting: Document, start: number): number {
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
function close(rewriting: Document, byte: number, at: number): number {
  if (rewriting.output[rewriting.length - 1] === BYTE.comma) rewriting.length -= 1;
  write(rewriting, byte);
  return at + 1;
}

/** Numbers and words; the zero that has a sign loses it. */
function writePlain(rewriting: Rewriting, start: number): number {
  const { input } = rewriting;
  let at = start;
  if (input[at] === BYTE.minus && input[at + 1] === BYTE.zero) at += 1;
  for (let byte = input[at] ?? 0; isPlain(byte); byte = input[at] ?? 0) {
    write(rewriting, byte);
    at += 1;
  }
  return at;
}

function isPlain(byte: number): boolean {
  return byte > 0x20 && byte !== BYTE.comma && byte !== BYTE.closeObject && byte !== BYTE.closeArray;
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start;
  while (isBlank(bytes[at])) at += 1;
  return at;
}
