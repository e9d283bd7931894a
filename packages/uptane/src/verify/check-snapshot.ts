// Snapshot: the one that Timestamp lists, signed, not older than the last one; no Targets file that the last one listed
// goes back or vanishes; not expired. Source: Uptane Standard #check_snapshot
import { MetadataError } from '../errors.ts';
import { describeOrigin, parseEnvelope, type DocumentOrigin } from '../metadata/envelope.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import type { Listing } from '../dialect/listing.ts';
import { checkSignatures } from './check-signatures.ts';
import { originOf } from './origin.ts';
import { authorityOf, checkExpiry, checkNotOlder, documentOf, type Trust } from './trusted-metadata.ts';

// Listed for old clients; Root follows its own chain.
const NOT_TARGETS: ReadonlySet<string> = new Set(['root.json', 'timestamp.json', 'snapshot.json']);

export type SnapshotExpectation = { readonly listing: Listing; readonly previous?: Snapshot };

/** @throws MetadataError */
export function checkSnapshot(received: Uint8Array, trust: Trust, expected: SnapshotExpectation): Snapshot {
  const origin = documentOf(trust, 'snapshot');
  const envelope = parseEnvelope(received, origin, trust.limits);
  if (!trust.dialect.isListed(envelope, expected.listing)) {
    throw new MetadataError(
      'MetadataHashMismatch',
      'Snapshot is not the one that Timestamp lists.',
      originOf(origin),
    );
  }
  checkSignatures(envelope, authorityOf(trust.root, 'snapshot', trust.repository), origin);
  const snapshot = parseSnapshot(envelope, trust.repository);
  if (snapshot.version !== expected.listing.version) {
    const text = `Snapshot has version ${snapshot.version}, Timestamp lists ${expected.listing.version}.`;
    throw new MetadataError('VersionMismatch', text, originOf(origin));
  }
  if (expected.previous !== undefined) checkHistory(snapshot, expected.previous, origin);
  checkExpiry(snapshot, trust.now, origin);
  return snapshot;
}

/** Nothing that was listed goes back or vanishes. @throws MetadataError Rollback */
export function checkHistory(snapshot: Snapshot, previous: Snapshot, origin: DocumentOrigin): void {
  checkNotOlder(snapshot.version, previous.version, 'version', origin);
  for (const [fileName, listing] of previous.roles) {
    if (NOT_TARGETS.has(fileName)) continue;
    const now = snapshot.roles.get(fileName);
    if (now === undefined) {
      const text = `${describeOrigin(origin)} no longer lists ${fileName}.`;
      throw new MetadataError('Rollback', text, originOf(origin));
    }
    checkNotOlder(now.version, listing.version, `${fileName} version`, origin);
  }
}
