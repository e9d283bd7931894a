// Bytes → value, refusing what no honest repository sends: invalid UTF-8, a byte order mark, duplicate names, numbers
// that are not safe integers in plain form, half surrogates, too deep nesting, anything after the value.
// Text that the native parser and writer reproduce exactly has no duplicate and no odd number, and takes the fast way;
// all other text is read character by character in json-scanner.ts. Source: RFC 8259, Uptane Standard #metadata_structures
import { CodedError } from '../errors.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { scanJson } from './json-scanner.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** `isCanonical`: the bytes are the canonical form already. False says nothing. */
export type ReadJson = { readonly value: JsonValue; readonly isCanonical: boolean };

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ASCII = /^[\0-\x7f]*$/;
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** @throws CodedError JsonError, with the reason as code */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number = DEFAULT_LIMITS.maxDepth): JsonValue {
  return readStrictJson(bytes, maxDepth).value;
}

/** @throws CodedError JsonError, with the reason as code */
export function readStrictJson(bytes: Uint8Array, maxDepth: number): ReadJson {
  const text = decodeUtf8(bytes);
  return readFast(text, maxDepth) ?? { value: scanJson(text, maxDepth), isCanonical: false };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new CodedError('JsonError', 'invalid_utf8', 'The text is not valid UTF-8.', { cause });
  }
}

/** undefined: read it the slow way, which gives the value or says what is wrong and where. */
function readFast(text: string, maxDepth: number): ReadJson | undefined {
  // An escaped surrogate may be half of one; the scanner looks closely.
  if (ESCAPED_SURROGATE.test(text)) return undefined;
  const value = parseNatively(text);
  if (value === undefined) return undefined;
  const form = inspect(value, maxDepth);
  if (form === 'odd' || JSON.stringify(value) !== text) return undefined;
  return { value, isCanonical: form === 'sorted' && ASCII.test(text) };
}

function parseNatively(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Odd: a number that is no safe integer, or too deep. */
type Form = 'odd' | 'sorted' | 'unsorted';

/** Takes the prototypes away on the way. */
function inspect(value: JsonValue, depthLeft: number): Form {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'sorted' : 'odd';
  if (typeof value !== 'object' || value === null) return 'sorted';
  if (depthLeft === 0) return 'odd';
  return Array.isArray(value)
    ? inspectItems(value, depthLeft)
    : inspectMembers(value as JsonObject, depthLeft);
}

function inspectItems(items: readonly JsonValue[], depthLeft: number): Form {
  let result: Form = 'sorted';
  for (const item of items) {
    const form = inspect(item, depthLeft - 1);
    if (form === 'odd') return 'odd';
    if (form === 'unsorted') result = 'unsorted';
  }
  return result;
}

function inspectMembers(object: JsonObject, depthLeft: number): Form {
  let result: Form = 'sorted';
  let previous: string | undefined;
  for (const name of Object.keys(object)) {
    // UTF-16 order will do: it is the canonical one for ASCII, and other text is never called canonical here.
    if (previous !== undefined && previous >= name) result = 'unsorted';
    previous = name;
    const form = inspect(object[name] ?? null, depthLeft - 1);
    if (form === 'odd') return 'odd';
    if (form === 'unsorted') result = 'unsorted';
  }
  Object.setPrototypeOf(object, null);
  return result;
}
