// Brings the top-level roles of a repository that serves all of them up to date, in this order: Roots until there is no
// newer one, Timestamp, Snapshot, Targets. Each is kept as it is verified. Source: Uptane Standard #full_verification, steps
// for the Image repository; TUF specification 5.3 to 5.6
import type { Limits } from '../limits.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Targets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import { openSession } from './follow-roots.ts';
import type { Repository } from './metadata-source.ts';
import { authorityOf } from './trusted-metadata.ts';
import {
  fetchTargets,
  keep,
  listingOf,
  present,
  updateSnapshot,
  updateTimestamp,
  type Session,
} from './update-metadata.ts';

export type TopLevel = { readonly session: Session; readonly snapshot: Snapshot; readonly targets: Targets };

/** @throws MetadataError */
export async function updateTopLevel(
  repository: Repository,
  now: Instant,
  limits: Limits,
): Promise<TopLevel> {
  const session = await openSession(repository, now, limits);
  const timestamp = present(await updateTimestamp(session), repository, 'timestamp');
  const snapshot = present(await updateSnapshot(session, timestamp), repository, 'snapshot');
  const expected = {
    role: 'targets' as const,
    authority: authorityOf(session.trust.root, 'targets', repository.name),
    listing: listingOf(snapshot, 'targets', repository.name),
  };
  const answer = await fetchTargets(session, expected, limits.imageTargetsBytes);
  const { targets, received } = present(answer, repository, 'targets');
  keep(repository, 'targets', received, targets.version);
  return { session, snapshot, targets };
}
