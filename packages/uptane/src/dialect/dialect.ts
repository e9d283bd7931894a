// In what two families of repositories differ although they mean the same: names, encodings, and the few rules where the
// specifications part. Which one a repository speaks is configured, never guessed. Source: docs/adr/0012-dialects.md
import type { JsonView } from '../json/json-view.ts';
import type { JsonValue } from '../json/value.ts';
import type { VerifyingKey } from '../keys/public-key.ts';
import type { Limits } from '../limits.ts';
import type { ListedFile, Listing } from './listing.ts';
import type { OfflineRole, StoredRole } from './role.ts';
import type { Signature } from './signature.ts';
import type { Steps } from './match-path.ts';

export type Dialect = {
  readonly name: 'uptane' | 'tuf';
  /** What `_type` has to say. */
  readonly typeOf: (role: StoredRole | OfflineRole) => string;
  /** Path of a metadata file below the repository's address; names from outside are percent-encoded. */
  readonly metadataPath: (role: StoredRole, version?: number) => string;
  /** Whether Snapshot and Targets carry their version in the name where Root says `consistent_snapshot`. */
  readonly hasConsistentSnapshots: boolean;
  /** What is fetched of a repository when nobody says how much. */
  readonly limits: Limits;

  /** What signatures are over, of a part of a document in canonical form. */
  readonly signedBytes: (canonical: Uint8Array) => Uint8Array;
  /** That `spec_version` is one we speak. @throws CodedError DecodeError */
  readonly checkSpecification: (version: JsonValue | undefined) => void;
  /** @throws CodedError DecodeError */
  readonly readSignature: (view: JsonView, path: string) => Signature;
  /** An unknown method refuses the document. True where signatures name none. */
  readonly knowsMethod: (signature: Signature) => boolean;
  readonly verify: (key: VerifyingKey, signature: Signature, message: Uint8Array) => boolean;
  /** undefined: a key that never counts. @throws CodedError KeyError, DecodeError when it refuses the document */
  readonly readKey: (value: JsonValue) => VerifyingKey | undefined;
  /** Whether the list of a role's key ids may name one twice; it counts once either way. */
  readonly mayRepeatKeyIds: boolean;

  /** What Timestamp says of Snapshot, and Snapshot of Targets files. @throws CodedError DecodeError */
  readonly readSnapshotListing: (value: JsonValue | undefined, path: string) => Listing;
  readonly readTargetsListing: (value: JsonValue | undefined, path: string) => Listing;
  /** Whether a file is the listed one, by hashes and length. */
  readonly isListed: (file: ListedFile, listing: Listing) => boolean;
  /** Of two Timestamps of one version: originals take the newer content, TUF stays with the first. */
  readonly equalTimestamp: 'is taken' | 'is left';
  /** Whether the first Root may come from the repository itself. */
  readonly trustsFirstRoot: boolean;

  readonly delegations: {
    /** Whether a path pattern covers the name of an image. */
    readonly matches: (pattern: string, name: string, steps: Steps) => boolean;
    /** What there is beside paths: hardware ids and multi-role delegations, or hash prefixes and succinct roles. */
    readonly members: 'uptane' | 'tuf';
    /** Whether one search visits a role once, whoever delegates to it; else cycles alone are cut. */
    readonly visitsRolesOnce: boolean;
    /** How an expired role ends the search. */
    readonly expiredRole: 'TargetMismatch' | 'ExpiredMetadata';
  };
};
