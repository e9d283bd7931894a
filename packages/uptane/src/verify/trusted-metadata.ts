// What a repository's documents are judged by: its Root, the time, the limits. Immutable; made anew when Root changes.
// Source: Uptane Standard #full_verification
import type { Dialect } from '../dialect/dialect.ts';
import { MetadataError, type RepositoryName } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Header } from '../metadata/common.ts';
import { describeOrigin, malformed, type DocumentOrigin } from '../metadata/envelope.ts';
import { roleTitle, type OfflineRole, type StoredRole, type TopLevelRole } from '../dialect/role.ts';
import type { Root } from '../metadata/root.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Authority } from './check-signatures.ts';
import { originOf } from './origin.ts';

export type Trust = {
  readonly repository: RepositoryName;
  readonly dialect: Dialect;
  readonly root: Root;
  readonly now: Instant;
  readonly limits: Limits;
};

/** A stored document that today's keys still stand behind: one at least, or as many as the threshold says. */
export type Previous<View> = { readonly view: View; readonly meetsThreshold: boolean };

/** The document of a role of this repository, for readers and errors. */
export function documentOf(
  { repository, dialect }: Pick<Trust, 'repository' | 'dialect'>,
  role: StoredRole | OfflineRole,
): DocumentOrigin {
  return { role, repository, dialect };
}

/** The keys of a top-level role, as Root names them. */
export function authorityOf(root: Root, role: TopLevelRole, repository: RepositoryName): Authority {
  const keys = root.roles.get(role);
  if (keys === undefined) throw malformed({ role: 'root', repository }, `it names no keys for ${role}`);
  return { keys: root.keys, role: keys };
}

/** The keys of a role for removable media. @throws MetadataError SecurityException::Root where Root has no such role */
export function offlineAuthorityOf(root: Root, role: OfflineRole): Authority {
  const keys = root.offlineKeys.get(role);
  if (keys !== undefined) return { keys: root.keys, role: keys };
  throw malformed({ role: 'root', repository: 'director' }, `it names no keys for ${roleTitle(role)}`);
}

/** @throws MetadataError ExpiredMetadata from the very second of expiry on */
export function checkExpiry(header: Header, now: Instant, origin: DocumentOrigin): void {
  if (now < header.expires) return;
  const text = `${describeOrigin(origin)} expired at ${formatInstant(header.expires)}.`;
  throw new MetadataError('ExpiredMetadata', text, originOf(origin));
}

/** @throws MetadataError Rollback */
export function checkNotOlder(version: number, trusted: number, what: string, origin: DocumentOrigin): void {
  if (version >= trusted) return;
  const text = `${describeOrigin(origin)} goes back: ${what} ${version} is older than ${trusted}.`;
  throw new MetadataError('Rollback', text, { ...originOf(origin), details: { version, trusted } });
}
