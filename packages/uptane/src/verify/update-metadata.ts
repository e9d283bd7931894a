// Asks a repository for its roles one after the other, checks each, and keeps it once it holds: a stored document
// was verified, and whatever fails leaves the stored ones for the next cycle. What is stored and still listed is not
// asked for again. Source: Uptane Standard #full_verification, #check_root
import { CodedError, MetadataError, type RepositoryName } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { parseEnvelope, type Envelope } from '../metadata/envelope.ts';
import { roleTitle, snapshotEntryName, type StoredRole, type TopLevelRole } from '../metadata/filename.ts';
import type { Root } from '../metadata/root.ts';
import { parseSnapshot, type RoleListing, type Snapshot } from '../metadata/snapshot.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import type { Instant } from '../time.ts';
import { checkFirstRoot, checkNextRoot, isKeyWithdrawn } from './check-root.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { countValidKeys } from './check-signatures.ts';
import { checkTargets, type TargetsExpectation } from './check-targets.ts';
import { checkTimestamp } from './check-timestamp.ts';
import type { MetadataRequest, Repository } from './metadata-source.ts';
import { originOf } from './origin.ts';
import { authorityOf, checkExpiry, type Trust } from './trusted-metadata.ts';

/** One repository in one cycle: what it is asked through, and what its documents are judged by. */
export type Session = { readonly repository: Repository; readonly trust: Trust };

/** Follows the chain of Roots to its end. @throws MetadataError, also when the end cannot be reached */
export async function openSession(repository: Repository, now: Instant, limits: Limits): Promise<Session> {
  const { name, store } = repository;
  const check = { repository: name, limits };
  let root = await startingRoot(repository, limits);
  for (let followed = 0; ; followed += 1) {
    if (followed >= limits.rootsPerCycle) throw tooManyRoots(repository);
    const bytes = await fetchRole(repository, {
      role: 'root',
      version: root.version + 1,
      maxBytes: limits.rootBytes,
    });
    if (bytes === 'absent') break;
    const next = checkNextRoot(bytes, root, check);
    store.save('root', bytes, next.version);
    forgetWithdrawn(repository, root, next);
    root = next;
  }
  checkExpiry(root, now, { role: 'root', repository: name });
  return { repository, trust: { repository: name, root, now, limits } };
}

async function startingRoot(repository: Repository, limits: Limits): Promise<Root> {
  const check = { repository: repository.name, limits };
  const stored = repository.store.load('root');
  if (stored !== undefined) return checkFirstRoot(stored, check);
  const bytes = present(
    await fetchRole(repository, { role: 'root', version: 1, maxBytes: limits.rootBytes }),
    repository,
    'root',
  );
  const root = checkFirstRoot(bytes, check, 1);
  repository.store.save('root', bytes, root.version);
  return root;
}

/** A stolen Timestamp or Snapshot key can have set absurd versions: withdrawing it forgets both files, and nothing else. */
function forgetWithdrawn({ store }: Repository, before: Root, after: Root): void {
  if (!isKeyWithdrawn(before, after, 'timestamp') && !isKeyWithdrawn(before, after, 'snapshot')) return;
  store.remove('timestamp');
  store.remove('snapshot');
}

/** undefined: the repository has none. */
export async function updateTimestamp(session: Session): Promise<Timestamp | undefined> {
  const { repository, trust } = session;
  const received = await fetchRole(repository, { role: 'timestamp', maxBytes: trust.limits.timestampBytes });
  if (received === 'absent') return undefined;
  const previous = loadPrevious(session, 'timestamp');
  const timestamp = checkTimestamp(received, trust, previous && parseTimestamp(previous, trust.repository));
  keep(repository, 'timestamp', received, timestamp.version);
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
  const maxBytes =
    listing.lengthBytes > 0 ? Math.min(listing.lengthBytes, listedSnapshotBytes) : snapshotBytes;
  const received = await fetchRole(repository, { role: 'snapshot', maxBytes });
  if (received === 'absent') return undefined;
  const previous = loadPrevious(session, 'snapshot');
  const history = previous === undefined ? {} : { previous: parseSnapshot(previous, trust.repository) };
  const snapshot = checkSnapshot(received, trust, { listing, ...history });
  keep(repository, 'snapshot', received, snapshot.version);
  return snapshot;
}

/** Verified, not yet kept: the Director's have more to hold. 'absent': the repository has none. */
export async function fetchTargets(
  session: Session,
  expected: TargetsExpectation,
  maxBytes: number,
): Promise<{ targets: Targets; received: Uint8Array } | 'absent'> {
  const { repository, trust } = session;
  const stored = expected.listing === undefined ? undefined : repository.store.load(expected.role);
  const current = stored && heldOrUndefined(() => checkTargets(stored, trust, expected));
  if (stored !== undefined && current !== undefined) return { targets: current, received: stored };
  const received = await fetchRole(repository, { role: expected.role, maxBytes });
  return received === 'absent' ? 'absent' : { targets: checkTargets(received, trust, expected), received };
}

/** What Snapshot says of a Targets file. @throws MetadataError VersionMismatch when it does not list it */
export function listingOf(
  snapshot: Snapshot,
  role: 'targets' | { readonly delegation: string },
  repository: RepositoryName,
): RoleListing {
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
  const previous = loadPrevious(session, 'targets');
  return previous && parseTargets(previous, session.trust.repository).version;
}

/** Writes only what changed. */
export function keep({ store }: Repository, role: StoredRole, received: Uint8Array, version: number): void {
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
    `The ${repository.name} repository has no ${roleTitle(role)}.`,
    origin,
  );
}

/**
 * What is stored counts for rollback as long as one of today's keys of the role has signed it: after a full exchange of
 * keys old files are worthless anyway, and a higher threshold forgets nothing. Unreadable ones do not count.
 */
function loadPrevious({ repository, trust }: Session, role: TopLevelRole): Envelope | undefined {
  const stored = repository.store.load(role);
  const origin = { role, repository: repository.name };
  const envelope = stored && heldOrUndefined(() => parseEnvelope(stored, origin, trust.limits));
  if (envelope === undefined) return undefined;
  return countValidKeys(envelope, authorityOf(trust.root, role, repository.name)) > 0 ? envelope : undefined;
}

function heldOrUndefined<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

async function fetchRole(repository: Repository, request: MetadataRequest): Promise<Uint8Array | 'absent'> {
  const origin = originOf({ role: request.role, repository: repository.name });
  const received = await fetchOrExplain(repository, request);
  if (received === 'absent' || received.byteLength <= request.maxBytes) return received;
  throw new MetadataError(
    'OversizedMetadata',
    `${roleTitle(request.role)} is longer than ${request.maxBytes} bytes.`,
    origin,
  );
}

// "Could not ask" must not pass for "there is none": an attacker would hide a new Root that way.
async function fetchOrExplain(
  repository: Repository,
  request: MetadataRequest,
): Promise<Uint8Array | 'absent'> {
  try {
    return await repository.source.fetch(request);
  } catch (cause) {
    if (cause instanceof CodedError && (cause instanceof MetadataError || cause.family === 'StorageError'))
      throw cause;
    const text = `${roleTitle(request.role)} could not be fetched from the ${repository.name} repository.`;
    const origin = originOf({ role: request.role, repository: repository.name });
    throw new MetadataError('MetadataFetchFailure', text, { ...origin, cause });
  }
}

function tooManyRoots(repository: Repository): MetadataError {
  const text = 'The chain of Roots does not end within one cycle; the next cycle goes on from here.';
  return new MetadataError(
    'OversizedMetadata',
    text,
    originOf({ role: 'root', repository: repository.name }),
  );
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
