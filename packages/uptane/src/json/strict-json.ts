// Bytes → value, refusing what no honest repository sends: invalid UTF-8, a byte order mark, duplicate names, numbers
// that are not safe integers in plain form, half surrogates, too deep nesting, anything after the value.
// scan-json.ts proves it; what the native parser then makes of the text is exact.
// Source: RFC 8259, Uptane Standard #metadata_structures
import { DEFAULT_LIMITS } from '../limits.ts';
import { canonicalBytes } from './canonical-json.ts';
import type { JsonView } from './json-view.ts';
import { rewriteJson } from './rewrite-json.ts';
import { scanJson, type ScannedJson } from './scan-json.ts';
import { withoutPrototypes, type JsonValue } from './value.ts';

/** @throws CodedError JsonError, with the reason as code */
export function parseStrictJson(received: Uint8Array, maxDepth: number = DEFAULT_LIMITS.maxDepth): JsonValue {
  return parseNatively(scanJson(received, maxDepth).bytes);
}

/** The canonical form of a document: the received bytes where they are that already. @throws CodedError JsonError */
export function viewStrictJson(received: Uint8Array, maxDepth: number): JsonView {
  const scanned = scanJson(received, maxDepth);
  return viewScanned(scanned.isCanonical ? scanned : rewriteJson(scanned, maxDepth));
}

/** The canonical form of a value. */
export function viewJson(value: JsonValue, maxDepth: number): JsonView {
  return viewScanned(scanJson(canonicalBytes(value), maxDepth));
}

function viewScanned({ bytes, ends }: ScannedJson): JsonView {
  return { bytes, ends, at: 0 };
}

function parseNatively(bytes: Buffer): JsonValue {
  return withoutPrototypes(JSON.parse(bytes.toString('utf8')) as JsonValue);
}
