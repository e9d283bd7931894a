// Field readers: each takes a parsed value and where it was, and gives the typed value or says what is wrong there.
import { CodedError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { isJsonObject, member, type JsonObject, type JsonValue } from './value.ts';

/** Names from outside stand in paths. */
export const MAX_PATH = 200;

/** @throws CodedError DecodeError, as all readers here */
export function readObject(value: JsonValue | undefined, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw wrong(path, 'an object', value);
}

export function readArray(value: JsonValue | undefined, path: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, 'an array', value);
}

export function readString(value: JsonValue | undefined, path: string): string {
  if (typeof value === 'string') return value;
  throw wrong(path, 'a string', value);
}

export function readBoolean(value: JsonValue | undefined, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'true or false', value);
}

export function readInteger(value: JsonValue | undefined, path: string, min: number = 0): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
  throw wrong(path, `an integer of at least ${min}`, value);
}

export function readStrings(value: JsonValue | undefined, path: string): readonly string[] {
  const items = readArray(value, path);
  // Where an item stands is put into words for none but the wrong one.
  const wrongAt = items.findIndex((item) => typeof item !== 'string');
  if (wrongAt >= 0) throw wrong(`${path}[${wrongAt}]`, 'a string', items[wrongAt]);
  return items as readonly string[];
}

/** A member that may be absent or null. */
export function readOptional<T>(
  object: JsonObject,
  name: string,
  read: (value: JsonValue, path: string) => T,
): T | undefined {
  const value = member(object, name);
  return value === undefined || value === null ? undefined : read(value, name);
}

function wrong(path: string, wanted: string, value: JsonValue | undefined): CodedError {
  const found = value === undefined ? 'is missing' : `is ${describe(value)}`;
  return new CodedError(
    'DecodeError',
    'malformed',
    `"${quoted(path, MAX_PATH)}" ${found}; it has to be ${wanted}.`,
    {
      details: { path },
    },
  );
}

function describe(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
