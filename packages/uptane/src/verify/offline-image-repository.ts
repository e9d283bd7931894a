// The Image repository as a medium carries it: Root, Snapshot, Targets and delegated roles, without a Timestamp. The
// newest Snapshot that this vehicle has ever verified decides, whoever brought it: an older medium goes on serving as long
// as what it needs is still listed, and brings back nothing that is not. client-protocol 12.3, step 6
import type { Limits } from '../limits.ts';
import { parseEnvelope } from '../metadata/envelope.ts';
import { snapshotEntryName, type StoredRole } from '../metadata/filename.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import { readInteger } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { Instant } from '../time.ts';
import { checkHistory } from './check-snapshot.ts';
import { checkSignatures } from './check-signatures.ts';
import { fetchRole } from './fetch-role.ts';
import { openSession } from './follow-roots.ts';
import { provisioned, type MetadataStore, type Repository } from './metadata-source.ts';
import { authorityOf, checkExpiry, checkNotOlder, documentOf, type Previous } from './trusted-metadata.ts';
import {
  fetchTargets,
  heldOrUndefined,
  keep,
  listingOf,
  loadPrevious,
  present,
  type Session,
} from './update-metadata.ts';
import type { TopLevel } from './update-top-level.ts';

export type OfflineImage = {
  /** The medium, and what was verified of media before; Roots in common with the repository online. */
  readonly medium: Repository;
  /** What was verified online. */
  readonly online: Pick<MetadataStore, 'load'>;
};

/** Verified and kept. @throws MetadataError */
export async function updateOfflineImage(
  { medium, online }: OfflineImage,
  now: Instant,
  limits: Limits,
): Promise<TopLevel> {
  const opened = await openSession(provisioned(medium), now, limits);
  const { snapshot, bytes } = await newestSnapshot(opened, online);
  keep(medium, 'snapshot', bytes, snapshot.version);
  const source = { fetch: listedFirst(opened, snapshot, online) };
  const session: Session = { ...opened, repository: { ...opened.repository, source } };
  const expected = {
    role: 'targets' as const,
    authority: authorityOf(session.trust.root, 'targets', medium.name),
    listing: listingOf(snapshot, 'targets', medium.name),
  };
  const answer = await fetchTargets(session, expected, limits.imageTargetsBytes);
  const { targets, received } = present(answer, medium, 'targets');
  keep(medium, 'targets', received, targets.version);
  return { session, snapshot, targets };
}

type Known = { readonly snapshot: Snapshot; readonly bytes: Uint8Array };

async function newestSnapshot(session: Session, online: Pick<MetadataStore, 'load'>): Promise<Known> {
  const { repository, trust } = session;
  const origin = documentOf(trust, 'snapshot');
  const bytes = present(
    await fetchRole(repository, { role: 'snapshot', maxBytes: trust.limits.listedSnapshotBytes }),
    repository,
    'snapshot',
  );
  const envelope = parseEnvelope(bytes, origin, trust.limits);
  checkSignatures(envelope, authorityOf(trust.root, 'snapshot', repository.name), origin);
  let newest: Known = { snapshot: parseSnapshot(envelope, repository.name), bytes };
  const stored = [repository.store, online].flatMap((store) => storedSnapshot(session, store));
  for (const { previous, bytes: known } of stored) {
    if (previous.view.version <= newest.snapshot.version) continue;
    // One that too few of today's keys stand behind says what must not go back, and no more.
    if (!previous.meetsThreshold)
      checkNotOlder(newest.snapshot.version, previous.view.version, 'version', origin);
    newest = { snapshot: previous.view, bytes: known };
  }
  for (const { previous } of stored) checkHistory(newest.snapshot, previous.view, origin);
  checkExpiry(newest.snapshot, trust.now, origin);
  return newest;
}

type Stored = { readonly previous: Previous<Snapshot>; readonly bytes: Uint8Array };

function storedSnapshot(session: Session, store: Pick<MetadataStore, 'load'>): readonly Stored[] {
  const bytes = store.load('snapshot');
  const previous = loadPrevious({ ...session, store }, 'snapshot', parseSnapshot);
  return bytes === undefined || previous === undefined ? [] : [{ previous, bytes }];
}

/** A Targets file that was verified online and is still the listed one need not be on the medium. */
function listedFirst(
  { repository, trust }: Session,
  snapshot: Snapshot,
  online: Pick<MetadataStore, 'load'>,
): Repository['source']['fetch'] {
  const isListed = (bytes: Uint8Array, role: StoredRole): boolean => {
    const name = typeof role === 'object' || role === 'targets' ? snapshotEntryName(role) : '';
    const listing = snapshot.roles.get(name);
    if (listing === undefined) return false;
    const envelope = parseEnvelope(bytes, documentOf(trust, role), trust.limits);
    const version = readInteger(member(envelope.signed, 'version'), 'version');
    return version === listing.version && trust.dialect.isListed(envelope, listing);
  };
  return async (request) => {
    const known = online.load(request.role);
    if (known !== undefined && heldOrUndefined(() => isListed(known, request.role)) === true) return known;
    return repository.source.fetch(request);
  };
}
