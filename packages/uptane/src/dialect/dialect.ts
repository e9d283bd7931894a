// In what two families of repositories differ although they mean the same: names, encodings, and the few rules where the
// specifications part. Which one a repository speaks is configured, never guessed. Source: docs/adr/0012-dialects.md
import type { StoredRole } from '../metadata/role.ts';

export type Dialect = {
  readonly name: 'uptane' | 'tuf';
  /** What `_type` has to say. */
  readonly typeOf: (role: StoredRole) => string;
  /** Path of a metadata file below the repository's address; names from outside are percent-encoded. */
  readonly metadataPath: (role: StoredRole, version?: number) => string;
  /** Whether Snapshot and Targets carry their version in the name where Root says `consistent_snapshot`. */
  readonly hasConsistentSnapshots: boolean;
};
