// Asks a repository for its roles one after the other, checks each, and keeps it once it holds: a stored document
// was verified, and whatever fails leaves the stored ones for the next cycle. What is stored and still listed is not
// asked for again. Source: Uptane Standard #full_verification, #check_root
import { MetadataError, type RepositoryName } from '../errors.ts';
import { parseEnvelope, type Envelope } from '../metadata/envelope.ts';
import type { Listing } from '../dialect/listing.ts';
import { roleTitle, snapshotEntryName, type StoredRole, type TopLevelRole } from '../metadata/filename.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { countValidKeys } from './check-signatures.ts';
import { checkTargets, type TargetsExpectation } from './check-targets.ts';
import { checkTimestamp } from './check-timestamp.ts';
import { fetchRole } from './fetch-role.ts';
import type { MetadataStore, Repository } from './metadata-source.ts';
import { originOf, titleOf } from './origin.ts';
import { authorityOf, documentOf, type Previous, type Trust } from './trusted-metadata.ts';

/** One repository in one cycle: what it is asked through, and what its documents are judged by. */
export type Session = { readonly repository: Repository; readonly trust: Trust };

/** undefined: the repository has none. */
export async function updateTimestamp(session: Session): Promise<Timestamp | undefined> {
  const { repository, trust } = session;
  const received = await fetchRole(repository, { role: 'timestamp', maxBytes: trust.limits.timestampBytes });
  if (received === 'absent') return undefined;
  const previous = loadPrevious(session, 'timestamp', parseTimestamp);
  const timestamp = checkTimestamp(received, trust, previous);
  if (timestamp !== previous?.view) keep(repository, 'timestamp', received, timestamp.version);
  return timestamp;
}

/** undefined: the repository has none. */
export async function updateSnapshot(session: Session, timestamp: Timestamp): Promise<Snapshot | undefined> {
  const { repository, trust } = session;
  const listing = timestamp.snapshot;
  const stored = repository.store.load('snapshot');
  const current = stored && heldOrUndefined(() => checkSnapshot(stored, trust, { listing }));
  if (current !== undefined) return current;
  const { snapshotBytes, listedSnapshotBytes } = trust.limits;
  const { lengthBytes = 0 } = listing;
  const maxBytes = lengthBytes > 0 ? Math.min(lengthBytes, listedSnapshotBytes) : snapshotBytes;
  const received = await fetchRole(repository, {
    role: 'snapshot',
    ...versionInName(session, listing),
    maxBytes,
  });
  if (received === 'absent') return undefined;
  const previous = loadPrevious(session, 'snapshot', parseSnapshot)?.view;
  const snapshot = checkSnapshot(
    received,
    trust,
    previous === undefined ? { listing } : { listing, previous },
  );
  keep(repository, 'snapshot', received, snapshot.version);
  return snapshot;
}

/** `received` is absent when the stored file is the listed one. */
export type TargetsAnswer = { readonly targets: Targets; readonly received?: Uint8Array };

/** Verified, not yet kept: the Director's have more to hold. 'absent': the repository has none. */
export async function fetchTargets(
  session: Session,
  expected: TargetsExpectation,
  maxBytes: number,
): Promise<TargetsAnswer | 'absent'> {
  const { repository, trust } = session;
  const stored = expected.listing === undefined ? undefined : repository.store.load(expected.role);
  const current = stored && heldOrUndefined(() => checkTargets(stored, trust, expected));
  if (current !== undefined) return { targets: current };
  const { role, listing } = expected;
  const { lengthBytes = 0 } = listing ?? {};
  const received = await fetchRole(repository, {
    role,
    ...(listing === undefined ? {} : versionInName(session, listing)),
    maxBytes: lengthBytes > 0 ? Math.min(lengthBytes, maxBytes) : maxBytes,
  });
  return received === 'absent' ? 'absent' : { targets: checkTargets(received, trust, expected), received };
}

function versionInName({ trust }: Session, { version }: Listing): { readonly version?: number } {
  return trust.dialect.hasConsistentSnapshots && trust.root.consistentSnapshot ? { version } : {};
}

/** What Snapshot says of a Targets file. @throws MetadataError VersionMismatch when it does not list it */
export function listingOf(
  snapshot: Snapshot,
  role: 'targets' | { readonly delegation: string },
  repository: RepositoryName,
): Listing {
  const listing = snapshot.roles.get(snapshotEntryName(role));
  if (listing !== undefined) return listing;
  throw new MetadataError(
    'VersionMismatch',
    `Snapshot does not list ${roleTitle(role)}.`,
    originOf({ role, repository }),
  );
}

/** The version of the stored Targets, as far as today's keys stand behind it. */
export function storedTargetsVersion(session: Session): number | undefined {
  return loadPrevious(session, 'targets', parseTargets)?.view.version;
}

/** Writes only what changed. */
export function keep(
  { store }: Repository,
  role: StoredRole,
  received: Uint8Array | undefined,
  version: number,
): void {
  if (received === undefined) return;
  const stored = store.load(role);
  if (stored === undefined || !isEqual(stored, received)) store.save(role, received, version);
}

/** @throws MetadataError MetadataFetchFailure */
export function present<T extends object>(
  value: T | 'absent' | undefined,
  repository: Repository,
  role: StoredRole,
): T {
  if (typeof value === 'object') return value;
  const origin = originOf({ role, repository: repository.name });
  throw new MetadataError(
    'MetadataFetchFailure',
    `There is no ${roleTitle(role)} in ${titleOf(repository.name)}.`,
    origin,
  );
}

/**
 * What is stored counts for rollback as long as one of today's keys of the role has signed it: after a full exchange of
 * keys old files are worthless anyway, and a higher threshold forgets nothing. Unreadable ones do not count.
 */
export function loadPrevious<View>(
  { repository, trust, store = repository.store }: Session & { readonly store?: Pick<MetadataStore, 'load'> },
  role: TopLevelRole,
  parse: (envelope: Envelope, repository: RepositoryName) => View,
): Previous<View> | undefined {
  const stored = store.load(role);
  if (stored === undefined) return undefined;
  return heldOrUndefined(() => {
    const envelope = parseEnvelope(stored, documentOf(trust, role), trust.limits);
    const authority = authorityOf(trust.root, role, repository.name);
    const valid = countValidKeys(envelope, authority);
    if (valid === 0) return undefined;
    return { view: parse(envelope, repository.name), meetsThreshold: valid >= authority.role.threshold };
  });
}

/** undefined: it is refused, for whatever reason. */
export function heldOrUndefined<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0;
}
