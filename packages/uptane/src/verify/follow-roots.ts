// Follows the chain of Roots of one repository to its end and opens the session in which its other roles are judged.
// Each Root is kept as it is accepted, so that the next cycle goes on from there. Source: Uptane Standard #check_root
import type { Dialect } from '../dialect/dialect.ts';
import type { StoredRole } from '../dialect/role.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { malformed } from '../metadata/envelope.ts';
import type { Root } from '../metadata/root.ts';
import type { Instant } from '../time.ts';
import { checkFirstRoot, checkNextRoot, isKeyWithdrawn, type RootCheck } from './check-root.ts';
import { fetchRole } from './fetch-role.ts';
import type { Repository } from './metadata-source.ts';
import { originOf } from './origin.ts';
import { checkExpiry, documentOf } from './trusted-metadata.ts';
import { present, type Session } from './update-metadata.ts';

/** Follows the chain of Roots to its end. @throws MetadataError, also when the end cannot be reached */
export async function openSession(repository: Repository, now: Instant, limits: Limits): Promise<Session> {
  const { name, store, dialect = UPTANE_DIALECT } = repository;
  const check = { repository: name, limits, dialect };
  let root = await startingRoot(repository, check);
  for (let followed = 0; ; followed += 1) {
    if (followed >= limits.rootsPerCycle) throw tooManyRoots(repository);
    const bytes = await fetchRole(repository, {
      role: 'root',
      version: root.version + 1,
      maxBytes: limits.rootBytes,
    });
    if (bytes === 'absent') break;
    const next = checkNextRoot(bytes, root, check);
    store.saveRoot(bytes, next.version, withdrawnFiles(root, next));
    root = next;
  }
  checkExpiry(root, now, documentOf(check, 'root'));
  return { repository, trust: { ...check, root, now } };
}

async function startingRoot(
  repository: Repository,
  check: RootCheck & { readonly dialect: Dialect },
): Promise<Root> {
  const stored = repository.store.load('root');
  if (stored !== undefined) return checkFirstRoot(stored, check);
  if (repository.firstRoot === 'provisioned' || !check.dialect.trustsFirstRoot)
    throw malformed(
      documentOf(check, 'root'),
      'none is trusted yet, and the repository’s own word is not enough',
    );
  const bytes = present(
    await fetchRole(repository, { role: 'root', version: 1, maxBytes: check.limits.rootBytes }),
    repository,
    'root',
  );
  const root = checkFirstRoot(bytes, check, 1);
  repository.store.save('root', bytes, root.version);
  return root;
}

/**
 * A stolen Timestamp or Snapshot key can have set absurd versions: withdrawing it forgets both files, and nothing else.
 * With the Root, not after it: cut off in between, the device would refuse every honest file as a rollback. Nor before it:
 * whoever hides the new Root again could replay old files.
 */
function withdrawnFiles(before: Root, after: Root): readonly StoredRole[] {
  const isWithdrawn = (['timestamp', 'snapshot'] as const).some((role) =>
    isKeyWithdrawn(before, after, role),
  );
  return isWithdrawn ? ['timestamp', 'snapshot'] : [];
}

function tooManyRoots(repository: Repository): MetadataError {
  const text = 'The chain of Roots does not end within one cycle; the next cycle goes on from here.';
  return new MetadataError(
    'OversizedMetadata',
    text,
    originOf({ role: 'root', repository: repository.name }),
  );
}
