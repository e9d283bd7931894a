// The Image repository's side of full verification: its top-level roles, and the delegated roles on the way to one image.
// Source: Uptane Standard #full_verification, steps for the Image repository; #resolve_delegations
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { KeyRing } from '../metadata/common.ts';
import type { DelegatedRole } from '../metadata/delegations.ts';
import type { Targets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import type { Repository } from './metadata-source.ts';
import { originOf } from './origin.ts';
import { resolveTarget, type FoundTarget } from './resolve-delegations.ts';
import { fetchTargets, keep, listingOf, type TargetsAnswer } from './update-metadata.ts';
import { updateTopLevel, type TopLevel } from './update-top-level.ts';

/** Finds what a repository says of a name for some hardware; undefined: nobody who may lists it. */
export type FindImage = (name: string, hardwareId?: string) => Promise<FoundTarget | undefined>;

/** Verified and kept. @throws MetadataError */
export async function updateImageRepository(
  image: Repository,
  now: Instant,
  limits: Limits,
): Promise<FindImage> {
  return findImages(await updateTopLevel(image, now, limits));
}

/** Finds images in a repository whose top-level roles are verified. */
export function findImages(top: TopLevel): FindImage {
  const { repository, trust } = top.session;
  const search = {
    repository: repository.name,
    dialect: trust.dialect,
    rootKeys: trust.root.keys,
    limits: trust.limits,
    load: (role: DelegatedRole, keys: KeyRing) => loadDelegated(top, role, keys),
  };
  return (name, hardwareId) =>
    resolveTarget(top.targets, {
      ...search,
      name,
      ...(hardwareId === undefined ? {} : { hardwareId }),
    });
}

async function loadDelegated(top: TopLevel, delegated: DelegatedRole, keys: KeyRing): Promise<Targets> {
  const { repository } = top.session;
  const role = { delegation: delegated.name };
  const answer = await fetchDelegated(top, delegated, keys);
  if (answer === 'absent') {
    const text = `The ${repository.name} repository has no metadata of the delegated role "${delegated.name}".`;
    throw new MetadataError('DelegationMissing', text, originOf({ role, repository: repository.name }));
  }
  keep(repository, role, answer.received, answer.targets.version);
  return answer.targets;
}

async function fetchDelegated(
  { session, snapshot }: TopLevel,
  delegated: DelegatedRole,
  keys: KeyRing,
): Promise<TargetsAnswer | 'absent'> {
  const { repository, trust } = session;
  const role = { delegation: delegated.name };
  const listing = listingOf(snapshot, role, repository.name);
  try {
    const expected = { role, authority: { keys, role: delegated }, listing };
    return await fetchTargets(session, expected, trust.limits.imageTargetsBytes);
  } catch (cause) {
    if (!(cause instanceof MetadataError) || cause.code !== 'ExpiredMetadata') throw cause;
    const code = trust.dialect.delegations.expiredRole;
    throw new MetadataError(code, cause.message, {
      ...originOf({ role, repository: repository.name }),
      attack: 'freeze',
      cause,
    });
  }
}
