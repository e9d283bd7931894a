// View of Root: the keys of the top-level roles. Roles that we do not know are skipped, as originals do.
// Source: Uptane Standard #root_metadata
import type { Envelope, DocumentOrigin } from './envelope.ts';
import { malformed, refusingMalformed } from './envelope.ts';
import { readHeader, readKeyRing, readRoleKeys, type Header, type KeyRing, type RoleKeys } from './common.ts';
import {
  OFFLINE_ROLES,
  roleTitle,
  TOP_LEVEL_ROLES,
  type OfflineRole,
  type TopLevelRole,
} from './filename.ts';
import { readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { RepositoryName } from '../errors.ts';

export type Root = Header & {
  /** Whether the repository names Snapshot, Targets and images by version and hash. */
  readonly consistentSnapshot: boolean;
  readonly keys: KeyRing;
  /** `root` and `targets` always; `timestamp` and `snapshot` may be absent from a Director that serves neither. */
  readonly roles: ReadonlyMap<TopLevelRole, RoleKeys>;
  /** Of a Director that attests the time. */
  readonly timeKeys?: RoleKeys;
  /** Of a Director that signs lockboxes; empty for any other. */
  readonly offlineKeys: ReadonlyMap<OfflineRole, RoleKeys>;
};

/** @throws MetadataError SecurityException, IllegalThreshold */
export function parseRoot(envelope: Envelope, repository?: RepositoryName): Root {
  const origin: DocumentOrigin = { role: 'root', ...(repository === undefined ? {} : { repository }) };
  const { dialect } = envelope;
  return refusingMalformed(origin, () => {
    const roles = new Map<TopLevelRole, RoleKeys>();
    const listed = readObject(member(envelope.signed, 'roles'), 'roles');
    for (const role of TOP_LEVEL_ROLES) {
      const value = member(listed, role);
      if (value !== undefined)
        roles.set(role, readRoleKeys(value, { path: `roles.${role}`, title: roleTitle(role), dialect }));
    }
    for (const role of repository === 'director' ? (['root', 'targets'] as const) : TOP_LEVEL_ROLES) {
      if (!roles.has(role)) throw malformed(origin, `it names no keys for ${roleTitle(role)}`);
    }
    const time = repository === 'director' ? member(listed, 'time') : undefined;
    const offlineKeys = new Map<OfflineRole, RoleKeys>();
    for (const role of repository === 'director' ? OFFLINE_ROLES : []) {
      const value = member(listed, role);
      if (value !== undefined)
        offlineKeys.set(
          role,
          readRoleKeys(value, { path: `roles.${role}`, title: roleTitle(role), dialect }),
        );
    }
    return {
      ...readHeader(envelope.signed),
      consistentSnapshot: member(envelope.signed, 'consistent_snapshot') === true,
      keys: readKeyRing(member(envelope.signed, 'keys'), 'keys', dialect),
      roles,
      offlineKeys,
      ...(time === undefined
        ? {}
        : { timeKeys: readRoleKeys(time, { path: 'roles.time', title: 'Time', dialect }) }),
    };
  });
}
