// One repository alone, as a TUF client uses it: its roles brought up to date, then images found in it.
// Source: TUF specification 5.3 to 5.7
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import type { Limits } from '../limits.ts';
import type { TargetEntry } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import { searchImages } from './image-repository.ts';
import type { Repository } from './metadata-source.ts';
import { updateTopLevel } from './update-top-level.ts';

export type RefreshedRepository = {
  /** What the repository says of a name, its delegated roles included; undefined: nobody who may lists it. */
  find(name: string): Promise<TargetEntry | undefined>;
  /** Whether images are named `dir/HASH.file`, as `imagePath` says it. */
  readonly consistentSnapshot: boolean;
};

/** Verified and kept, role by role; a failure leaves what was verified before. @throws MetadataError, StorageError */
export async function refreshRepository(
  repository: Repository,
  now: Instant,
  limits: Limits = (repository.dialect ?? UPTANE_DIALECT).limits,
): Promise<RefreshedRepository> {
  const top = await updateTopLevel(repository, now, limits);
  return {
    find: (name) => searchImages(top).find(name),
    consistentSnapshot: top.session.trust.root.consistentSnapshot,
  };
}
