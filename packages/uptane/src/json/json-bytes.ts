// The bytes that mean something in JSON, and tables over all bytes for loops that look at every one.
import { CodedError } from '../errors.ts';

export const BYTE = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  plus: 0x2b,
  letterE: 0x65,
  letterU: 0x75,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** 1 for what stands for itself inside a string: ASCII but quote, backslash and control characters. */
export const ORDINARY: Readonly<Uint8Array> = tableOf(
  (byte) => byte >= 0x20 && byte < 0x80 && byte !== BYTE.quote && byte !== BYTE.backslash,
);
const HEX_DIGIT = tableOf((byte) => /[0-9a-fA-F]/.test(String.fromCharCode(byte)));

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export function isHexDigit(byte: number | undefined): byte is number {
  return byte !== undefined && HEX_DIGIT[byte] === 1;
}

/** Whether this text stands here. */
export function stands(text: Buffer, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false;
  return true;
}

/** Where the string that begins here ends, in JSON that was scanned. */
export function skipString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    while (ORDINARY[bytes[at] ?? 0] === 1) at += 1;
    if (bytes[at] === BYTE.quote) return at + 1;
    at += bytes[at] === BYTE.backslash ? 2 : 1;
  }
}

/** Numbers and words end where anything else begins. */
export function skipPlain(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    const ends = byte === BYTE.comma || byte === BYTE.closeObject || byte === BYTE.closeArray;
    if (ends || byte === undefined) return at;
    at += 1;
  }
}

/** The text of the string that begins here, in JSON that was scanned. */
export function stringAt(bytes: Buffer, start: number): string {
  const end = skipString(bytes, start);
  for (let at = start + 1; at < end - 1; at += 1) {
    if (ORDINARY[bytes[at] ?? 0] !== 1) return JSON.parse(bytes.toString('utf8', start, end)) as string;
  }
  return bytes.toString('latin1', start + 1, end - 1);
}

export function refuse(at: number, code: string, why: string): CodedError {
  return new CodedError('JsonError', code, `Not the JSON we accept: ${why} (byte ${at}).`);
}

function tableOf(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}
