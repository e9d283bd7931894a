// View of Timestamp: which Snapshot is the newest, how long it is and how it hashes. Source: Uptane Standard #timestamp_metadata
import { malformed, refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHashes, readHeader, type Header } from './common.ts';
import { readInteger, readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { Hashes } from '../hashes.ts';
import type { RepositoryName } from '../errors.ts';

export type SnapshotListing = {
  readonly version: number;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
};
export type Timestamp = Header & { readonly snapshot: SnapshotListing };

/** @throws MetadataError SecurityException */
export function parseTimestamp(envelope: Envelope, repository?: RepositoryName): Timestamp {
  const origin: DocumentOrigin = { role: 'timestamp', ...(repository === undefined ? {} : { repository }) };
  return refusingMalformed(origin, () => {
    const meta = readObject(member(envelope.signed, 'meta'), 'meta');
    const entry = readObject(member(meta, 'snapshot.json'), 'meta["snapshot.json"]');
    const hashes = readHashes(member(entry, 'hashes'), 'hashes');
    if (hashes.sha256 === undefined && hashes.sha512 === undefined)
      throw malformed(origin, 'it lists no hash of Snapshot');
    const snapshot = {
      version: readInteger(member(entry, 'version'), 'version', 1),
      lengthBytes: readInteger(member(entry, 'length'), 'length'),
      hashes,
    };
    return { ...readHeader(envelope.signed), snapshot };
  });
}
