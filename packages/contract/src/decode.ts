// Readers for fields of a body that came over a wire. Each names the place that is wrong, never the value,
// since values may be secret. Fields that nobody asks for are ignored: additions are legal everywhere.
import type { JsonFields } from './json.ts';

/** A body that does not have the agreed shape; `path` is where. */
export class MalformedBodyError extends Error {
  readonly path: string;
  constructor(path: string, expected: string) {
    super(`${path === '' ? 'the body' : path} must be ${expected}`);
    this.name = 'MalformedBodyError';
    this.path = path;
  }
}

export function readFields(value: unknown, path: string): JsonFields {
  if (!isFields(value)) throw new MalformedBodyError(path, 'an object');
  return value;
}

export function readList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedBodyError(path, 'an array');
  return value;
}

export function readText(fields: JsonFields, name: string, path: string): string {
  const value = own(fields, name);
  if (typeof value !== 'string' || value === '') {
    throw new MalformedBodyError(join(path, name), 'a text that is not empty');
  }
  return value;
}

export function readOptionalText(fields: JsonFields, name: string, path: string): string | undefined {
  const value = own(fields, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new MalformedBodyError(join(path, name), 'a text');
  return value;
}

export function readOptionalBoolean(fields: JsonFields, name: string, path: string): boolean | undefined {
  const value = own(fields, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new MalformedBodyError(join(path, name), 'true or false');
  return value;
}

/** A whole number of 0 or more. */
export function readOptionalCount(fields: JsonFields, name: string, path: string): number | undefined {
  const value = own(fields, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new MalformedBodyError(join(path, name), 'a whole number of 0 or more');
  }
  return value;
}

/** Only what the body itself carries: a name like `constructor` must not reach a prototype. */
export function own(fields: JsonFields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isFields(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
