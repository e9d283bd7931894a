// Reads JSON text character by character, in the plainest way: what src/json/scan-json.ts and its companions are compared
// with. Source: RFC 8259
import { CodedError } from '../src/errors.ts';
import type { JsonValue } from '../src/json/value.ts';

type Cursor = { readonly text: string; at: number };

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;
const LITERALS: readonly (readonly [string, JsonValue])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

/** @throws CodedError JsonError */
export function readExactly(text: string, maxDepth: number): JsonValue {
  const cursor: Cursor = { text, at: 0 };
  const value = scanValue(cursor, maxDepth);
  skipBlanks(cursor);
  if (cursor.at < text.length) throw refuse(cursor, 'syntax', 'there is text after the value');
  return value;
}

function scanValue(cursor: Cursor, depthLeft: number): JsonValue {
  skipBlanks(cursor);
  const first = cursor.text[cursor.at];
  if (first === '{' || first === '[') {
    if (depthLeft === 0) throw refuse(cursor, 'too_deep', 'values are nested too deep');
    cursor.at += 1;
    return first === '{' ? scanObject(cursor, depthLeft - 1) : scanArray(cursor, depthLeft - 1);
  }
  if (first === '"') return scanString(cursor);
  for (const [word, value] of LITERALS) {
    if (!cursor.text.startsWith(word, cursor.at)) continue;
    cursor.at += word.length;
    return value;
  }
  return scanNumber(cursor);
}

function scanObject(cursor: Cursor, depthLeft: number): JsonValue {
  const object: Record<string, JsonValue> = Object.create(null);
  if (take(cursor, '}')) return object;
  do {
    skipBlanks(cursor);
    const name = scanString(cursor);
    if (Object.hasOwn(object, name))
      throw refuse(cursor, 'duplicate_name', `the name "${name.slice(0, 40)}" occurs twice`);
    expect(cursor, ':');
    object[name] = scanValue(cursor, depthLeft);
  } while (take(cursor, ','));
  expect(cursor, '}');
  return object;
}

function scanArray(cursor: Cursor, depthLeft: number): JsonValue {
  const items: JsonValue[] = [];
  if (take(cursor, ']')) return items;
  do items.push(scanValue(cursor, depthLeft));
  while (take(cursor, ','));
  expect(cursor, ']');
  return items;
}

function scanString(cursor: Cursor): string {
  if (cursor.text[cursor.at] !== '"') throw refuse(cursor, 'syntax', 'a string is missing');
  cursor.at += 1;
  let result = '';
  for (;;) {
    const start = cursor.at;
    while (isOrdinary(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
    result += cursor.text.slice(start, cursor.at);
    const end = cursor.text[cursor.at];
    cursor.at += 1;
    if (end === '"') break;
    if (end !== '\\') throw refuse(cursor, 'syntax', 'a string does not end or holds a control character');
    result += scanEscape(cursor);
  }
  if (!result.isWellFormed()) throw refuse(cursor, 'half_surrogate', 'a string holds half a surrogate pair');
  return result;
}

// NaN, past the end of the text, fails every comparison.
function isOrdinary(unit: number): boolean {
  return unit >= 0x20 && unit !== 0x22 && unit !== 0x5c;
}

function scanEscape(cursor: Cursor): string {
  const letter = cursor.text[cursor.at] ?? '';
  cursor.at += 1;
  const simple = ESCAPES.get(letter);
  if (simple !== undefined) return simple;
  const digits = cursor.text.slice(cursor.at, cursor.at + 4);
  if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits))
    throw refuse(cursor, 'syntax', 'an escape is unknown');
  cursor.at += 4;
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function scanNumber(cursor: Cursor): number {
  NUMBER.lastIndex = cursor.at;
  const digits = NUMBER.exec(cursor.text)?.[0];
  if (digits === undefined) throw refuse(cursor, 'syntax', 'a value is missing');
  const value = Number(digits);
  if (!INTEGER.test(digits)) throw refuse(cursor, 'not_an_integer', 'a number is not written as an integer');
  if (!Number.isSafeInteger(value)) throw refuse(cursor, 'number_too_large', 'a number is beyond 2^53');
  cursor.at += digits.length;
  return value === 0 ? 0 : value;
}

function skipBlanks(cursor: Cursor): void {
  for (;;) {
    const unit = cursor.text.charCodeAt(cursor.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    cursor.at += 1;
  }
}

function take(cursor: Cursor, character: string): boolean {
  skipBlanks(cursor);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function expect(cursor: Cursor, character: string): void {
  if (!take(cursor, character)) throw refuse(cursor, 'syntax', `"${character}" is missing`);
}

function refuse(cursor: Cursor, code: string, why: string): CodedError {
  return new CodedError('JsonError', code, `Not the JSON we accept: ${why} (character ${cursor.at}).`);
}
