// Names of files on a repository: metadata, and images. Source: Uptane Standard #metadata_filename_rules
import type { Dialect } from '../dialect/dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import type { StoredRole } from '../dialect/role.ts';

export { OFFLINE_ROLES, roleTitle, TOP_LEVEL_ROLES } from '../dialect/role.ts';
export type { OfflineRole, StoredRole, TopLevelRole } from '../dialect/role.ts';

/** The entry of a Targets role in Snapshot. */
export function snapshotEntryName(role: 'targets' | { readonly delegation: string }): string {
  return typeof role === 'string' ? 'targets.json' : `${role.delegation}.json`;
}

/** Path below the repository's address; the delegated role's name is percent-encoded. */
export function metadataPath(role: StoredRole, version?: number, dialect: Dialect = UPTANE_DIALECT): string {
  return dialect.metadataPath(role, version);
}

/** `dir/HASH.file`: the name of an image on a repository with consistent snapshots, for any hash that is listed. */
export function imagePath(name: string, hash?: string): string {
  if (hash === undefined) return name;
  const fileAt = name.lastIndexOf('/') + 1;
  return `${name.slice(0, fileAt)}${hash}.${name.slice(fileAt)}`;
}
