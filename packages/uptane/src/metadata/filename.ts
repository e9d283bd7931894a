// Names of metadata files on a repository. Only Root carries its version in the name: originals ask for the plain
// names of all others. Source: Uptane Standard #metadata_filename_rules

/** What a store keeps and a source is asked for. A delegated role has a name from outside: data, to be encoded. */
export type StoredRole = 'root' | 'timestamp' | 'snapshot' | 'targets' | { readonly delegation: string };

export const TOP_LEVEL_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** As errors and reports name it: `Root`, `Targets`, or the delegated role's own name. */
export function roleTitle(role: StoredRole): string {
  return typeof role === 'string' ? role.charAt(0).toUpperCase() + role.slice(1) : role.delegation;
}

/** As `_type` says it: a delegated role is `Targets`. */
export function roleType(role: StoredRole): string {
  return typeof role === 'string' ? roleTitle(role) : 'Targets';
}

/** The entry of a Targets role in Snapshot. */
export function snapshotEntryName(role: 'targets' | { readonly delegation: string }): string {
  return typeof role === 'string' ? 'targets.json' : `${role.delegation}.json`;
}

/** Path below the repository's address; the delegated role's name is percent-encoded. */
export function metadataPath(role: StoredRole, version?: number): string {
  if (typeof role !== 'string') return `delegations/${encodeURIComponent(role.delegation)}.json`;
  return version === undefined ? `${role}.json` : `${version}.${role}.json`;
}
