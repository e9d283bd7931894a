// The unsigned documents of an update for removable media: the lockbox itself, and the offline-snapshot that says which
// lockboxes count. A lockbox names hardware, never single ECUs: one stick serves a whole fleet. client-protocol 12.2
import { listingObject, type FileListing } from './next-snapshot.ts';
import { targetsObject, type NextTarget } from './next-targets.ts';
import { signedPart, type NextHeader } from './signed-part.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';

export type NextOfflineSnapshot = NextHeader & {
  /** By the name of the lockbox, without `.json`. */
  readonly lockboxes: ReadonlyMap<string, FileListing>;
};

export type NextLockbox = NextHeader & {
  /** `custom.hardwareIds` of each says what it is for. */
  readonly targets: readonly NextTarget[];
  readonly custom?: JsonObject;
};

/** @throws CodedError BuildError */
export function nextOfflineSnapshot(next: NextOfflineSnapshot): JsonObject {
  const meta = [...next.lockboxes].map(([name, listing]): [string, JsonObject] => [
    `${name}.json`,
    listingObject(listing),
  ]);
  return signedPart('Offline-Snapshot', next, [['meta', jsonObject(meta)]]);
}

/** @throws CodedError BuildError, also when a name occurs twice or a target has no hash */
export function nextLockbox(next: NextLockbox): JsonObject {
  return signedPart('Offline-Updates', next, [
    ['targets', targetsObject(next.targets)],
    ['custom', next.custom],
  ]);
}
