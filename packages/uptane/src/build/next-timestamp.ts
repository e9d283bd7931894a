// The unsigned next Timestamp. Source: Uptane Standard #timestamp_metadata
import { listingObject } from './next-snapshot.ts';
import { signedPart, type NextHeader } from './signed-part.ts';
import type { Hashes } from '../hashes.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';

export type NextTimestamp = NextHeader & {
  /** Of the Snapshot file in canonical form, signatures included: `length` bounds what clients download. */
  readonly snapshot: { readonly version: number; readonly lengthBytes: number; readonly hashes: Hashes };
};

/** @throws CodedError BuildError */
export function nextTimestamp(next: NextTimestamp): JsonObject {
  return signedPart('Timestamp', next, [
    ['meta', jsonObject([['snapshot.json', listingObject(next.snapshot)]])],
  ]);
}
