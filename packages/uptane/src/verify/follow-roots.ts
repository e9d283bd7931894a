// Follows the chain of Roots of one repository to its end and opens the session in which its other roles are judged.
// Each Root is kept as it is accepted, so that the next cycle goes on from there. Source: Uptane Standard #check_root
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Root } from '../metadata/root.ts';
import type { Instant } from '../time.ts';
import { checkFirstRoot, checkNextRoot, isKeyWithdrawn } from './check-root.ts';
import type { Repository } from './metadata-source.ts';
import { originOf } from './origin.ts';
import { checkExpiry } from './trusted-metadata.ts';
import { fetchRole, present, type Session } from './update-metadata.ts';

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

function tooManyRoots(repository: Repository): MetadataError {
  const text = 'The chain of Roots does not end within one cycle; the next cycle goes on from here.';
  return new MetadataError(
    'OversizedMetadata',
    text,
    originOf({ role: 'root', repository: repository.name }),
  );
}
