// What TUF signs: like our canonical form, but that strings hold every character as it is, save `"` and `\\`. As long as
// nothing is escaped the two forms are the same bytes. Source: OLPC Canonical JSON; TUF specification 4.2.2
import { BYTE } from './json-bytes.ts';
import { escapedUnit } from './scan-string.ts';

/** `canonical`: canonical JSON as in canonical-json.ts, in which no surrogate stands alone. */
export function olpcBytes(canonical: Uint8Array): Uint8Array {
  const input = Buffer.from(canonical.buffer, canonical.byteOffset, canonical.byteLength);
  if (!input.includes(BYTE.backslash)) return canonical;
  const output = Buffer.allocUnsafeSlow(input.length);
  let length = 0;
  let at = 0;
  while (at < input.length) {
    const byte = input[at] ?? 0;
    const next = byte === BYTE.backslash ? (input[at + 1] ?? 0) : 0;
    if (next === 0) {
      output[length] = byte;
      length += 1;
      at += 1;
    } else if (next === BYTE.quote || next === BYTE.backslash) {
      output[length] = byte;
      output[length + 1] = next;
      length += 2;
      at += 2;
    } else {
      const isLong = next === BYTE.letterU;
      const unit = isLong ? unitAt(input, at) : escapedUnit(input, at);
      at += isLong ? 6 : 2;
      const isHigh = unit >= 0xd800 && unit <= 0xdbff;
      const low = isHigh ? unitAt(input, at) : 0;
      if (isHigh) at += 6;
      length = writeUtf8(output, length, isHigh ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit);
    }
  }
  return output.subarray(0, length);
}

/** Of four digits in lower case, as the canonical form has them. */
function unitAt(input: Buffer, at: number): number {
  const a = nibble(input[at + 2] ?? 0);
  const b = nibble(input[at + 3] ?? 0);
  const c = nibble(input[at + 4] ?? 0);
  return (a << 12) | (b << 8) | (c << 4) | nibble(input[at + 5] ?? 0);
}

function nibble(digit: number): number {
  return digit < 0x3a ? digit - 0x30 : digit - 0x57;
}

/** Where it ends. */
function writeUtf8(output: Buffer, start: number, point: number): number {
  if (point < 0x80) {
    output[start] = point;
    return start + 1;
  }
  const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  output[start] = ((0xff00 >> (more + 1)) & 0xff) | (point >> (6 * more));
  for (let left = more - 1; left >= 0; left -= 1) {
    output[start + more - left] = 0x80 | ((point >> (6 * left)) & 0x3f);
  }
  return start + more + 1;
}
