// Strings of scanned JSON → as the canonical form writes them: printable ASCII stands for itself, all else is escaped in the
// one way. Canonical form as in canonical-json.ts
import { BYTE, ORDINARY } from './json-bytes.ts';
import { escapedUnit } from './scan-string.ts';

/** What was written so far is the first `length` bytes of the output. */
export type Rewriting = { readonly input: Buffer; readonly output: Buffer; length: number };

/** Nothing becomes longer but text beyond ASCII: two bytes of it become six. */
export const LONGEST_ESCAPE = 3;
/** What stands behind the backslash, by the unit that it means. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  ['\b', '\f', '\n', '\r', '\t', '"', '\\'].map((unit) => [
    unit.charCodeAt(0),
    JSON.stringify(unit).charCodeAt(2),
  ]),
);
const HEX_DIGITS = Buffer.from('0123456789abcdef');

/** From where it begins in the input; gives where it ends. */
export function writeString(rewriting: Rewriting, start: number): number {
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

export function write(rewriting: Rewriting, byte: number): void {
  rewriting.output[rewriting.length] = byte;
  rewriting.length += 1;
}
