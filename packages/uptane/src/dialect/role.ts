// Names of roles: as stores keep them, as errors and reports say them. Source: Uptane Standard #roles

/** What a store keeps and a source is asked for. A delegated role has a name from outside: data, to be encoded. */
export type StoredRole = 'root' | 'timestamp' | 'snapshot' | 'targets' | { readonly delegation: string };

export const TOP_LEVEL_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** As errors and reports name it: `Root`, `Targets`, or the delegated role's own name. */
export function roleTitle(role: StoredRole): string {
  return typeof role === 'string' ? role.charAt(0).toUpperCase() + role.slice(1) : role.delegation;
}
