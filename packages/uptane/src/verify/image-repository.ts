// The Image repository's side of full verification: Root, Timestamp, Snapshot, Targets, and the delegated roles on the
// way to one image. Source: Uptane Standard #full_verification, steps for the Image repository; #resolve_delegations
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { KeyRing } from '../metadata/common.ts';
import type { Delegation } from '../metadata/delegations.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { TargetEntry, Targets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import type { Repository } from './metadata-source.ts';
import { resolveTarget } from './resolve-delegations.ts';
import { fetchTargets, keep, listingOf, type Session } from './update-metadata.ts';
import { updateTopLevel, type TopLevel } from './update-top-level.ts';

/** Finds what the Image repository says of a name for some hardware; undefined: nobody who may lists it. */
export type FindImage = (name: string, hardwareIds: ReadonlySet<string>) => Promise<TargetEntry | undefined>;

/** Verified and kept. @throws MetadataError */
export async function updateImageRepository(
  image: Repository,
  now: Instant,
  limits: Limits,
): Promise<FindImage> {
  return findImages(await updateTopLevel(image, now, limits));
}

/** Finds images in a repository whose top-level roles are verified. */
export function findImages({ session, snapshot, targets }: TopLevel): FindImage {
  const load = (delegation: Delegation, keys: KeyRing) => loadDelegated(session, snapshot, delegation, keys);
  const { root, limits } = session.trust;
  const rootKeys = root.keys;
  return (name, hardwareIds) => resolveTarget(targets, { name, hardwareIds, rootKeys, limits, load });
}

async function loadDelegated(
  session: Session,
  snapshot: Snapshot,
  delegation: Delegation,
  keys: KeyRing,
): Promise<Targets | 'expired'> {
  const { repository, trust } = session;
  const role = { delegation: delegation.name };
  const expected = {
    role,
    authority: { keys, role: delegation },
    listing: listingOf(snapshot, role, 'image'),
  };
  try {
    const answer = await fetchTargets(session, expected, trust.limits.imageTargetsBytes);
    if (answer === 'absent') {
      const text = `The Image repository has no metadata of the delegated role "${delegation.name}".`;
      throw new MetadataError('DelegationMissing', text, { role: delegation.name, repository: 'image' });
    }
    keep(repository, role, answer.received, answer.targets.version);
    return answer.targets;
  } catch (error) {
    if (error instanceof MetadataError && error.code === 'ExpiredMetadata') return 'expired';
    throw error;
  }
}
