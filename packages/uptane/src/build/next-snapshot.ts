// The unsigned next Snapshot. Source: Uptane Standard #snapshot_metadata
import { hashesObject } from './next-targets.ts';
import { signedPart, type NextHeader } from './signed-part.ts';
import type { Hashes } from '../hashes.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';

export type FileListing = {
  readonly version: number;
  readonly lengthBytes?: number;
  readonly hashes?: Hashes;
};
export type NextSnapshot = NextHeader & {
  /** By file name: `targets.json`, `<delegated role>.json`, and `root.json` for old clients. */
  readonly meta: ReadonlyMap<string, FileListing>;
};

/** @throws CodedError BuildError */
export function nextSnapshot(next: NextSnapshot): JsonObject {
  const meta = [...next.meta].map(([name, listing]): [string, JsonObject] => [name, listingObject(listing)]);
  return signedPart('Snapshot', next, [['meta', jsonObject(meta)]]);
}

export function listingObject(listing: FileListing): JsonObject {
  return jsonObject([
    ['hashes', listing.hashes === undefined ? undefined : hashesObject(listing.hashes)],
    ['length', listing.lengthBytes],
    ['version', listing.version],
  ]);
}
