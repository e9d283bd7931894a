// The part that every unsigned next version shares, and the one rule for all of them: signed documents are ASCII,
// because servers and clients of the original write other characters differently. Source: Uptane Standard #common_metadata_structures
import { CodedError } from '../errors.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { formatInstant, type Instant } from '../time.ts';

export type NextHeader = { readonly version: number; readonly expires: Instant };

/** @throws CodedError BuildError (`not_ascii`, `invalid_version`) */
export function signedPart(
  type: 'Root' | 'Timestamp' | 'Snapshot' | 'Targets' | 'Offline-Snapshot' | 'Offline-Updates',
  header: NextHeader,
  fields: readonly (readonly [string, JsonValue | undefined])[],
): JsonObject {
  if (!Number.isSafeInteger(header.version) || header.version < 1) {
    throw new CodedError('BuildError', 'invalid_version', `${header.version} is not a version of metadata.`);
  }
  const signed = jsonObject([
    ['_type', type],
    ['expires', formatInstant(header.expires)],
    ['version', header.version],
    ...fields,
  ]);
  refuseBeyondAscii(signed);
  return signed;
}

function refuseBeyondAscii(value: JsonValue): void {
  if (typeof value === 'string') checkText(value);
  else if (Array.isArray(value)) value.forEach(refuseBeyondAscii);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      checkText(name);
      if (item !== undefined) refuseBeyondAscii(item);
    }
  }
}

function checkText(text: string): void {
  if (/^[\0-\x7f]*$/.test(text)) return;
  throw new CodedError(
    'BuildError',
    'not_ascii',
    `"${text.slice(0, 40)}" cannot be signed: signed documents are ASCII.`,
  );
}
