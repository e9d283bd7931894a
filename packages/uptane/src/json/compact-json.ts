// JSON that is canonical but for blanks → its canonical form: whatever stands outside of strings and is no blank is copied.
// This is how most repositories write: sorted and indented. Canonical form as in canonical-json.ts
import { BYTE, ORDINARY } from './json-bytes.ts';
import { LARGE, type ScannedJson } from './scan-json.ts';

export function compactJson(input: Buffer): ScannedJson {
  const output = Buffer.allocUnsafeSlow(input.length);
  const ends = new Map<number, number>();
  const open: number[] = [];
  let length = 0;
  let at = 0;
  while (at < input.length) {
    const byte = input[at] ?? 0;
    at += 1;
    if (byte <= 0x20) continue;
    output[length] = byte;
    length += 1;
    if (byte === BYTE.quote) {
      const start = at;
      at = copyString(input, at, output, length);
      length += at - start;
    } else if (byte === BYTE.openObject || byte === BYTE.openArray) open.push(length - 1);
    else if (byte === BYTE.closeObject || byte === BYTE.closeArray) {
      const start = open.pop() ?? 0;
      if (length - start >= LARGE) ends.set(start, length);
    }
  }
  return { bytes: output.subarray(0, length), ends, isCanonical: true, isSpacedOut: false, isAscii: true };
}

/** From behind the quote that opens it to behind the one that closes it; gives where it ends in the input. */
function copyString(input: Buffer, start: number, output: Buffer, place: number): number {
  let at = start;
  let to = place;
  for (;;) {
    const byte = input[at] ?? 0;
    output[to] = byte;
    at += 1;
    to += 1;
    if (ORDINARY[byte] === 1) continue;
    if (byte === BYTE.quote) return at;
    output[to] = input[at] ?? 0;
    at += 1;
    to += 1;
  }
}
