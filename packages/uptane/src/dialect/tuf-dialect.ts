// Plain TUF, version 1 of its specification. Source: TUF specification 1.0.34, sections 3.6, 4 and 5
import type { Dialect } from './dialect.ts';
import { CodedError } from '../errors.ts';
import { readString } from '../json/decode.ts';
import { olpcBytes } from '../json/olpc-json.ts';
import { readTufKey } from '../keys/tuf-key.ts';
import { verifyHexSignature } from '../keys/verify-signature.ts';
import { TUF_LIMITS } from '../limits.ts';
import { percentEncoded } from '../percent-encoding.ts';
import { quoted } from '../quoted.ts';
import { isListedAsReceived, readOptionalListing } from './listing.ts';
import { readTufSignature } from './signature.ts';
import { matchesPathByFolder } from './match-path.ts';

const SPECIFICATION = /^1\.\d+(?:\.\d+)?$/;

export const TUF_DIALECT: Dialect = {
  name: 'tuf',
  typeOf: (role) => (typeof role === 'string' ? role : 'targets'),
  metadataPath(role, version) {
    const name = typeof role === 'string' ? role : percentEncoded(role.delegation);
    return version === undefined ? `${name}.json` : `${version}.${name}.json`;
  },
  hasConsistentSnapshots: true,
  limits: TUF_LIMITS,

  signedBytes: olpcBytes,
  checkSpecification(version) {
    const text = readString(version, 'spec_version');
    if (!SPECIFICATION.test(text)) throw unspoken(text);
  },
  readSignature: readTufSignature,
  knowsMethod: () => true,
  verify: (key, { sig }, message) => verifyHexSignature(key, sig, message),
  readKey: readTufKey,
  mayRepeatKeyIds: false,

  readSnapshotListing: readOptionalListing,
  readTargetsListing: readOptionalListing,
  isListed: isListedAsReceived,
  equalTimestamp: 'is left',
  trustsFirstRoot: false,

  delegations: {
    matches: matchesPathByFolder,
    members: 'tuf',
    visitsRolesOnce: true,
    expiredRole: 'ExpiredMetadata',
  },
};

function unspoken(version: string): CodedError {
  const text = `"spec_version" is "${quoted(version, 20)}"; it has to be 1.x.`;
  return new CodedError('DecodeError', 'malformed', text);
}
