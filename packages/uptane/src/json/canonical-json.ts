// Value → the bytes that are signed and hashed: names in byte order, no blanks, `/` plain, everything beyond ASCII as
// \uXXXX. This is what the original's writer produces, so that signatures hold on both sides.
// The native writer does it when the names come sorted already; otherwise the value is written part by part.
// Source: the original's canonical JSON (jsoncpp stream writer, empty indentation)
import { CodedError } from '../errors.ts';
import type { JsonObject, JsonValue } from './value.ts';

const ASCII = /^[\0-\x7f]*$/;
const BEYOND_ASCII = /[^\0-\x7f]/g;
const ENCODER = new TextEncoder();

/** @throws CodedError JsonError for a number that is not a safe integer, or for half a surrogate pair */
export function canonicalText(value: JsonValue): string {
  return isSorted(value) ? escapeBeyondAscii(JSON.stringify(value)) : writeValue(value);
}

export function canonicalBytes(value: JsonValue): Uint8Array {
  return ENCODER.encode(canonicalText(value));
}

/** Whether the native writer would give the canonical order; checks numbers and strings on the way. */
function isSorted(value: JsonValue): boolean {
  if (typeof value === 'number') return checkedNumber(value) === value;
  if (typeof value === 'string') return checkedString(value) === value;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let previous: string | undefined;
  for (const [name, item] of Object.entries(value as JsonObject)) {
    if (previous !== undefined && compareNames(previous, name) >= 0) return false;
    if (item !== undefined && !isSorted(item)) return false;
    previous = checkedString(name);
  }
  return true;
}

function writeValue(value: JsonValue): string {
  if (typeof value === 'number') return String(checkedNumber(value) + 0);
  if (typeof value === 'string') return writeString(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(writeValue).join(',')}]`;
  const members = Object.entries(value as JsonObject)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([name, item]) => `${writeString(name)}:${writeValue(item)}`);
  return `{${members.join(',')}}`;
}

function writeString(text: string): string {
  return escapeBeyondAscii(JSON.stringify(checkedString(text)));
}

function escapeBeyondAscii(text: string): string {
  if (ASCII.test(text)) return text;
  return text.replaceAll(BEYOND_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// Byte order of UTF-8 is code point order; UTF-16 units differ from it only when a surrogate meets U+E000 and above.
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  const left = a.charCodeAt(at);
  const right = b.charCodeAt(at);
  if (Number.isNaN(left)) return -1;
  if (Number.isNaN(right)) return 1;
  return rank(left) - rank(right);
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function checkedNumber(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new CodedError('JsonError', 'not_an_integer', `${value} cannot be signed: only safe integers can.`);
}

function checkedString(text: string): string {
  if (text.isWellFormed()) return text;
  throw new CodedError(
    'JsonError',
    'half_surrogate',
    'A string with half a surrogate pair cannot be signed.',
  );
}
