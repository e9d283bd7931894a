// View of Timestamp: which Snapshot is the newest, how long it is and how it hashes. Source: Uptane Standard #timestamp_metadata
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHeader, type Header } from './common.ts';
import type { Listing } from '../dialect/listing.ts';
import { readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { RepositoryName } from '../errors.ts';

export type Timestamp = Header & { readonly snapshot: Listing };

/** @throws MetadataError SecurityException */
export function parseTimestamp(envelope: Envelope, repository?: RepositoryName): Timestamp {
  const origin: DocumentOrigin = { role: 'timestamp', ...(repository === undefined ? {} : { repository }) };
  return refusingMalformed(origin, () => {
    const meta = readObject(member(envelope.signed, 'meta'), 'meta');
    const entry = member(meta, 'snapshot.json');
    const snapshot = envelope.dialect.readSnapshotListing(entry, 'meta["snapshot.json"]');
    return { ...readHeader(envelope.signed), snapshot };
  });
}
