// What the original client, its servers and the vectors speak. Only Root carries its version in the name: originals ask
// for the plain names of all others. Source: the original's metadata code; Uptane Standard #metadata_structures
import type { Dialect } from './dialect.ts';
import { parsePublicKey } from '../keys/public-key.ts';
import { isKnownMethod, verifySignature } from '../keys/verify-signature.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { isListedInEitherForm, readFullListing, readLooseListing } from './listing.ts';
import { roleTitle } from './role.ts';
import { readUptaneSignature } from './signature.ts';
import { matchesPath } from './match-path.ts';

export const UPTANE_DIALECT: Dialect = {
  name: 'uptane',
  typeOf: (role) => (typeof role === 'string' ? roleTitle(role) : 'Targets'),
  metadataPath(role, version) {
    if (typeof role !== 'string') return `delegations/${encodeURIComponent(role.delegation)}.json`;
    return version === undefined ? `${role}.json` : `${version}.${role}.json`;
  },
  hasConsistentSnapshots: false,
  limits: DEFAULT_LIMITS,

  signedBytes: (canonical) => canonical,
  checkSpecification: () => undefined,
  readSignature: readUptaneSignature,
  knowsMethod: ({ method }) => isKnownMethod(method),
  verify: verifySignature,
  readKey: parsePublicKey,
  mayRepeatKeyIds: true,

  readSnapshotListing: readFullListing,
  readTargetsListing: readLooseListing,
  isListed: isListedInEitherForm,
  equalTimestamp: 'is taken',
  trustsFirstRoot: true,

  delegations: {
    matches: matchesPath,
    members: 'uptane',
    visitsRolesOnce: false,
    expiredRole: 'TargetMismatch',
  },
};
