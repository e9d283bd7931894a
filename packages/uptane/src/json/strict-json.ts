// Bytes → value, refusing what no honest repository sends: invalid UTF-8, a byte order mark, duplicate names, numbers
// that are not safe integers in plain form, half surrogates, too deep nesting, anything after the value.
// Text that the native parser and writer reproduce exactly has no duplicate and no odd number, and takes the fast way;
// all other text is read character by character in json-scanner.ts. Source: RFC 8259, Uptane Standard #metadata_structures
import { CodedError } from '../errors.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { scanJson } from './json-scanner.ts';
import type { JsonValue } from './value.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws CodedError JsonError, with the reason as code */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number = DEFAULT_LIMITS.maxDepth): JsonValue {
  const text = decodeUtf8(bytes);
  return parseFast(text, maxDepth) ?? scanJson(text, maxDepth);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new CodedError('JsonError', 'invalid_utf8', 'The text is not valid UTF-8.', { cause });
  }
}

/** undefined: read it the slow way, which gives the value or says what is wrong and where. */
function parseFast(text: string, maxDepth: number): JsonValue | undefined {
  // An escaped surrogate may be half of one; the scanner looks closely.
  if (/\\u[dD][89a-fA-F]/.test(text)) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (value === null || !isPlain(value, maxDepth)) return undefined;
  return JSON.stringify(value) === text ? value : undefined;
}

/** Whole numbers and bounded depth; takes the prototypes away on the way. */
function isPlain(value: JsonValue, depthLeft: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && Math.abs(value) < 1e21;
  if (typeof value !== 'object' || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depthLeft - 1));
  for (const item of Object.values(value)) if (!isPlain(item, depthLeft - 1)) return false;
  Object.setPrototypeOf(value, null);
  return true;
}
