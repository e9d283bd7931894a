// Full verification of a removable medium: the Director's Root and offline-snapshot, every lockbox that is there, and each
// of their images compared with the Image repository of the medium. No Root is trusted first from it. One lockbox that is
// refused keeps nobody from the next one. client-protocol 12.3; Uptane PURE-2
import { MetadataError } from '../errors.ts';
import { sha256Hex } from '../hashes.ts';
import { parseCorrelationId, type CorrelationId } from '../identifiers.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { OFFLINE_SNAPSHOT, type OfflineSnapshot } from '../metadata/offline-snapshot.ts';
import { OFFLINE_UPDATES } from '../metadata/offline-updates.ts';
import type { Instant } from '../time.ts';
import { addressedEntries, checkLockbox, checkLockboxHistory, readOfflineSnapshot } from './check-lockbox.ts';
import { compareIn } from './compare-images.ts';
import { openSession } from './follow-roots.ts';
import { searchImages, type FindImage } from './image-repository.ts';
import { readOffers, type Offer } from './match-targets.ts';
import { provisioned, type Repository } from './metadata-source.ts';
import { updateOfflineImage, type OfflineImage } from './offline-image-repository.ts';
import type { LockboxSource, OfflineStore } from './offline-store.ts';
import { originOf } from './origin.ts';
import { checkExpiry, type Trust } from './trusted-metadata.ts';
import { heldOrUndefined } from './update-metadata.ts';
import type { Vehicle, VerifiedTarget } from './verdict.ts';

export type OfflineMedium = {
  /** Its source gives Roots alone; its store is that of the Director online. */
  readonly director: Repository;
  readonly lockboxes: LockboxSource;
  readonly store: OfflineStore;
  readonly image: OfflineImage;
};

/** A lockbox that holds, for this vehicle. */
export type Lockbox = {
  readonly name: string;
  readonly version: number;
  readonly expires: Instant;
  /** `urn:tdx-ota:lockbox:<name>:<version>:<first 12 digits of its SHA-256>` */
  readonly correlationId: CorrelationId;
  /** Empty: everything in it is installed already. */
  readonly targets: readonly VerifiedTarget[];
  readonly received: Uint8Array;
};

export type PassedOverLockbox = { readonly name: string; readonly error: MetadataError };

export type OfflineVerdict = {
  readonly lockboxes: readonly Lockbox[];
  readonly passedOver: readonly PassedOverLockbox[];
};

/**
 * What a medium has for this vehicle. The offline-snapshot and the Image repository's roles are kept; the lockbox that is
 * chosen is kept by whoever chooses.
 * @throws MetadataError for what all lockboxes need (Root, offline-snapshot, Image repository), or when there is none
 */
export async function offlineVerification(
  vehicle: Vehicle,
  medium: OfflineMedium,
  now: Instant,
): Promise<OfflineVerdict> {
  const limits = vehicle.limits ?? DEFAULT_LIMITS;
  const { trust } = await openSession(provisioned(medium.director), now, limits);
  const found = await readLockboxes(medium, trust);
  const search = imagesOf(medium, now, limits);
  const lockboxes: Lockbox[] = [];
  const passedOver: PassedOverLockbox[] = [];
  for (const one of found) {
    try {
      lockboxes.push(await openLockbox(one, vehicle, { trust, find: search.find }));
    } catch (error) {
      if (!(error instanceof MetadataError) || search.failed()) throw error;
      passedOver.push({ name: one.name, error });
    }
  }
  if (passedOver.length === 0) search.dropUnused();
  return { lockboxes, passedOver };
}

/**
 * Follows the Roots of the Image repository to their end, the first one included: a device that may get a lockbox needs
 * one before, and the servers of its first days are a better source than whoever holds the stick. @throws MetadataError
 */
export async function secureImageRoot(image: Repository, now: Instant, limits?: Limits): Promise<void> {
  await openSession(image, now, limits ?? DEFAULT_LIMITS);
}

type FoundLockbox = {
  readonly name: string;
  readonly received: Uint8Array;
  /** What the newest offline-snapshot says; undefined: withdrawn. */
  readonly snapshot: OfflineSnapshot;
  /** What the medium's own one says. */
  readonly carried: OfflineSnapshot;
};

async function readLockboxes(medium: OfflineMedium, trust: Trust): Promise<readonly FoundLockbox[]> {
  const { snapshot, carried } = await updateOfflineSnapshot(medium, trust);
  const found: FoundLockbox[] = [];
  for (const name of new Set([...snapshot.lockboxes.keys(), ...carried.lockboxes.keys()])) {
    const received = await fetchFile(medium.lockboxes, `${name}.json`, trust.limits.lockboxBytes);
    if (received !== 'absent') found.push({ name, received, snapshot, carried });
  }
  if (found.length > 0) return found;
  const text = 'None of the lockboxes that its offline-snapshot lists is on the medium.';
  throw new MetadataError('MetadataFetchFailure', text, originOf(OFFLINE_UPDATES));
}

/** The newer of the medium's and the stored one counts. */
async function updateOfflineSnapshot(
  { lockboxes, store }: OfflineMedium,
  trust: Trust,
): Promise<{ readonly snapshot: OfflineSnapshot; readonly carried: OfflineSnapshot }> {
  const received = await fetchFile(lockboxes, 'offline-snapshot.json', trust.limits.offlineSnapshotBytes);
  if (received === 'absent') {
    const text = 'There is no offline-snapshot on the medium.';
    throw new MetadataError('MetadataFetchFailure', text, originOf(OFFLINE_SNAPSHOT));
  }
  const carried = readOfflineSnapshot(received, trust);
  const stored = store.load('offline-snapshot');
  const known = stored && heldOrUndefined(() => readOfflineSnapshot(stored, trust));
  const isNewer = known === undefined || carried.version > known.version;
  const snapshot = isNewer ? carried : known;
  if (known !== undefined) checkLockboxHistory(snapshot, known);
  checkExpiry(snapshot, trust.now, OFFLINE_SNAPSHOT);
  if (isNewer) store.save('offline-snapshot', received);
  return { snapshot, carried };
}

async function fetchFile(
  source: LockboxSource,
  fileName: string,
  maxBytes: number,
): Promise<Uint8Array | 'absent'> {
  const received = await source.fetch({ fileName, maxBytes });
  if (received === 'absent' || received.byteLength <= maxBytes) return received;
  const text = `${fileName} is longer than ${maxBytes} bytes.`;
  const origin = fileName === 'offline-snapshot.json' ? OFFLINE_SNAPSHOT : OFFLINE_UPDATES;
  throw new MetadataError('OversizedMetadata', text, originOf(origin));
}

type Means = { readonly trust: Trust; readonly find: FindImage };

async function openLockbox(
  { name, received, snapshot, carried }: FoundLockbox,
  vehicle: Vehicle,
  { trust, find }: Means,
): Promise<Lockbox> {
  const listing = snapshot.lockboxes.get(name);
  const before = carried.lockboxes.get(name);
  if (listing === undefined || (before !== undefined && before.version < listing.version))
    throw rolledBack(name);
  const { version, expires, ...lockbox } = checkLockbox(received, trust, listing);
  const entries = addressedEntries({ version, expires, ...lockbox }, vehicle);
  const offers = readOffers(entries, vehicle.ecus);
  const isNew = offers.some(({ toUpdate }) => toUpdate.length > 0);
  const targets = isNew ? await compareAll(find, offers, vehicle) : [];
  const digits = sha256Hex(received).slice(0, 12);
  const correlationId = parseCorrelationId(`urn:tdx-ota:lockbox:${name}:${version}:${digits}`);
  return { name, version, expires, correlationId, targets, received };
}

async function compareAll(
  find: FindImage,
  offers: readonly Offer[],
  { directorFullRoles }: Vehicle,
): Promise<readonly VerifiedTarget[]> {
  const countersAre = directorFullRoles === 'off' ? 'unknown to the Director' : 'kept up';
  const targets: VerifiedTarget[] = [];
  for (const offer of offers) targets.push(await compareIn(find, offer, { countersAre }));
  return targets.filter(({ ecus }) => ecus.size > 0);
}

/** The Image repository is read when the first lockbox has something new, and once. */
function imagesOf({ image }: OfflineMedium, now: Instant, limits: Limits) {
  let opened: Promise<ReturnType<typeof searchImages>> | undefined;
  let search: ReturnType<typeof searchImages> | undefined;
  const find: FindImage = async (...asked) => {
    opened ??= updateOfflineImage(image, now, limits).then(searchImages);
    search = await opened;
    return search.find(...asked);
  };
  return {
    find,
    /** The repository itself was refused, whatever the lockbox. */
    failed: () => opened !== undefined && search === undefined,
    dropUnused: () => search?.dropUnused(),
  };
}

function rolledBack(name: string): MetadataError {
  const text = `The lockbox "${name}" goes back: a newer offline-snapshot, which this device knows, has replaced or withdrawn it.`;
  return new MetadataError('Rollback', text, originOf(OFFLINE_UPDATES));
}
