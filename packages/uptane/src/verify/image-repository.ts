// The Image repository's side of full verification: its top-level roles, and the delegated roles on the way to one image.
// Source: Uptane Standard #full_verification, steps for the Image repository; #resolve_delegations
import type { Limits } from '../limits.ts';
import type { Instant } from '../time.ts';
import { delegatedRoles } from './delegated-roles.ts';
import type { Repository } from './metadata-source.ts';
import { resolveTarget, type FoundTarget } from './resolve-delegations.ts';
import { searchBudget } from './search-budget.ts';
import { updateTopLevel, type TopLevel } from './update-top-level.ts';

/** Finds what a repository says of a name for some hardware; undefined: nobody who may lists it. */
export type FindImage = (name: string, hardwareId?: string) => Promise<FoundTarget | undefined>;

export type ImageSearch = {
  readonly find: FindImage;
  /** Removes the stored delegated roles that no search has led to, once there was one. */
  dropUnused(): void;
};

/** Verified and kept. @throws MetadataError */
export async function updateImageRepository(
  image: Repository,
  now: Instant,
  limits: Limits,
): Promise<ImageSearch> {
  return searchImages(await updateTopLevel(image, now, limits));
}

/** Searches in a repository whose top-level roles are verified. They have one budget together. */
export function searchImages(top: TopLevel): ImageSearch {
  const { repository, trust } = top.session;
  const budget = searchBudget(trust.limits);
  const roles = delegatedRoles(top, budget);
  const search = {
    repository: repository.name,
    dialect: trust.dialect,
    rootKeys: trust.root.keys,
    limits: trust.limits,
    load: roles.load,
    budget,
  };
  let hasSearched = false;
  return {
    find(name, hardwareId) {
      hasSearched = true;
      const image = { name, ...(hardwareId === undefined ? {} : { hardwareId }) };
      return resolveTarget(top.targets, { ...search, ...image });
    },
    dropUnused() {
      if (hasSearched) repository.store.keepDelegations(roles.verified);
    },
  };
}
