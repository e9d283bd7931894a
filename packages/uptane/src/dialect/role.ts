// Names of roles: as stores keep them, as errors and reports say them. Source: Uptane Standard #roles

/** What a store keeps and a source is asked for. A delegated role has a name from outside: data, to be encoded. */
export type StoredRole = 'root' | 'timestamp' | 'snapshot' | 'targets' | { readonly delegation: string };

export const TOP_LEVEL_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** Of a Director that signs updates for removable media, beside its roles for vehicles online. client-protocol 12.2 */
export const OFFLINE_ROLES = ['offline-snapshot', 'offline-updates'] as const;
export type OfflineRole = (typeof OFFLINE_ROLES)[number];

/** As errors and reports name it: `Root`, `Offline-Snapshot`, or the delegated role's own name. */
export function roleTitle(role: StoredRole | OfflineRole): string {
  if (typeof role !== 'string') return role.delegation;
  return role.replaceAll(/(?<![a-z])[a-z]/g, (first) => first.toUpperCase());
}
