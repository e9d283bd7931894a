// Root: the first one, and each next one as signed by the old and by the new keys, one version at a time. Expiry counts
// for the last of the chain alone. Source: Uptane Standard #check_root
import type { Dialect } from '../dialect/dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { MetadataError, type RepositoryName } from '../errors.ts';
import { isSameKey } from '../keys/key-id.ts';
import type { VerifyingKey } from '../keys/public-key.ts';
import type { Limits } from '../limits.ts';
import { parseEnvelope, type DocumentOrigin } from '../metadata/envelope.ts';
import type { TopLevelRole } from '../metadata/filename.ts';
import { parseRoot, type Root } from '../metadata/root.ts';
import { checkSignatures } from './check-signatures.ts';
import { originOf } from './origin.ts';
import { authorityOf, documentOf } from './trusted-metadata.ts';

export type RootCheck = {
  readonly repository: RepositoryName;
  readonly limits: Limits;
  /** Absent: UPTANE_DIALECT. */
  readonly dialect?: Dialect;
};

/** A Root to start from: it has to be signed by the keys it names itself. `version`: the one that was asked for. */
export function checkFirstRoot(received: Uint8Array, check: RootCheck, version?: number): Root {
  const { limits, dialect = UPTANE_DIALECT } = check;
  const origin = documentOf({ repository: check.repository, dialect }, 'root');
  const envelope = parseEnvelope(received, origin, limits);
  const root = parseRoot(envelope, check.repository);
  checkSignatures(envelope, authorityOf(root, 'root', check.repository), origin);
  if (version !== undefined && root.version !== version) throw wrongVersion(root.version, version, origin);
  return root;
}

/** @throws MetadataError RootRotationError (not the next version), and what signatures and form can throw */
export function checkNextRoot(received: Uint8Array, trusted: Root, check: RootCheck): Root {
  const { limits, dialect = UPTANE_DIALECT } = check;
  const origin = documentOf({ repository: check.repository, dialect }, 'root');
  const envelope = parseEnvelope(received, origin, limits);
  checkSignatures(envelope, authorityOf(trusted, 'root', check.repository), origin);
  const root = parseRoot(envelope, check.repository);
  checkSignatures(envelope, authorityOf(root, 'root', check.repository), origin);
  if (root.version !== trusted.version + 1) throw wrongVersion(root.version, trusted.version + 1, origin);
  return root;
}

/** Whether a key of the role was withdrawn. An added key or another threshold withdraws nothing. */
export function isKeyWithdrawn(before: Root, after: Root, role: TopLevelRole): boolean {
  const kept = keysOf(after, role);
  return keysOf(before, role).some((key) => !kept.some((other) => isSameKey(key, other)));
}

function keysOf(root: Root, role: TopLevelRole): readonly VerifyingKey[] {
  const ids = root.roles.get(role)?.keyIds ?? [];
  return ids.map((id) => root.keys.get(id)).filter((key) => key !== undefined);
}

function wrongVersion(found: number, wanted: number, origin: DocumentOrigin): MetadataError {
  return new MetadataError('RootRotationError', `Root has version ${found} where ${wanted} has to follow.`, {
    ...originOf(origin),
    ...(found < wanted ? { attack: 'rollback' as const } : {}),
  });
}
