// Timestamp: signed, not older than the last one, nor pointing to an older Snapshot, not expired. An equal version with
// other content is taken, as originals do. Source: Uptane Standard #check_timestamp
import { parseEnvelope, type DocumentOrigin } from '../metadata/envelope.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import { checkSignatures } from './check-signatures.ts';
import { authorityOf, checkExpiry, checkNotOlder, type Trust } from './trusted-metadata.ts';

/** @throws MetadataError */
export function checkTimestamp(received: Uint8Array, trust: Trust, previous?: Timestamp): Timestamp {
  const origin: DocumentOrigin = { role: 'timestamp', repository: trust.repository };
  const envelope = parseEnvelope(received, origin, trust.limits);
  checkSignatures(envelope, authorityOf(trust.root, 'timestamp', trust.repository), origin);
  const timestamp = parseTimestamp(envelope, trust.repository);
  if (previous !== undefined) {
    checkNotOlder(timestamp.version, previous.version, 'version', origin);
    checkNotOlder(timestamp.snapshot.version, previous.snapshot.version, 'Snapshot version', origin);
  }
  checkExpiry(timestamp, trust.now, origin);
  return timestamp;
}
