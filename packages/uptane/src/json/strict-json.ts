// Bytes → value, refusing what no honest repository sends: invalid UTF-8, a byte order mark, duplicate names, numbers
// that are not safe integers in plain form, half surrogates, too deep nesting, anything after the value.
// scan-json.ts proves it; what the native parser then makes of text without escapes is exact.
// Source: RFC 8259, Uptane Standard #metadata_structures
import { DEFAULT_LIMITS } from '../limits.ts';
import { decode, type JsonView } from './json-view.ts';
import { rewriteJson } from './rewrite-json.ts';
import { scanJson, type ScannedJson } from './scan-json.ts';
import { withoutPrototypes, type JsonValue } from './value.ts';

/** @throws CodedError JsonError, with the reason as code */
export function parseStrictJson(received: Uint8Array, maxDepth: number = DEFAULT_LIMITS.maxDepth): JsonValue {
  const { bytes } = scanJson(received, maxDepth);
  const text = bytes.toString('utf8');
  // With escapes the native parser cannot be trusted: json-view.ts says why.
  if (text.includes('\\')) return decode(viewStrictJson(received, maxDepth));
  return withoutPrototypes(JSON.parse(text) as JsonValue);
}

/** The canonical form of a document: the received bytes where they are that already. @throws CodedError JsonError */
export function viewStrictJson(received: Uint8Array, maxDepth: number): JsonView {
  const scanned = scanJson(received, maxDepth);
  return viewScanned(scanned.isCanonical ? scanned : rewriteJson(scanned));
}

function viewScanned({ bytes, ends }: ScannedJson): JsonView {
  return { bytes, ends, at: 0 };
}
