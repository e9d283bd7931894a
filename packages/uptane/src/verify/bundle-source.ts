// What a Secondary was sent, as the source that it verifies over: a Primary is no better than a network. What is missing in
// the middle of a bundle was left out by whoever sent it. Source: Uptane Standard #send_metadata_primary
import { MetadataError } from '../errors.ts';
import { roleTitle, type StoredRole } from '../dialect/role.ts';
import type { MetadataSource } from './metadata-source.ts';
import { originOf } from './origin.ts';

/** One file of a bundle. `repository`: `director`, `image`, or a name of the repository mapping. */
export type MetadataFile = {
  readonly repository: string;
  readonly role: StoredRole;
  /** With Root alone. */
  readonly version?: number;
  readonly bytes: Uint8Array;
};

/** A bundle as one repository. */
export function bundleSource(files: readonly MetadataFile[], repository: string): MetadataSource {
  const own = files.filter((file) => file.repository === repository);
  return {
    async fetch({ role, version }) {
      const found = own.find(
        (file) => isSameRole(file.role, role) && (role !== 'root' || file.version === version),
      );
      if (found !== undefined) return found.bytes;
      const isLastRoot =
        role === 'root' && !own.some((file) => file.role === 'root' && (file.version ?? 0) > (version ?? 0));
      const mayLack = repository === 'director' && (role === 'timestamp' || role === 'snapshot');
      if (isLastRoot || mayLack || typeof role === 'object') return 'absent';
      throw new MetadataError('MetadataFetchFailure', `The bundle lacks ${roleTitle(role)}.`, {
        ...originOf({ role, repository: repository === 'director' ? 'director' : 'image' }),
        attack: 'partial bundle',
      });
    },
  };
}

export function isSameRole(a: StoredRole, b: StoredRole): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.delegation === b.delegation;
}
