// Timestamp: signed, not older than the last one, nor pointing to an older Snapshot, not expired. Of two with
// one version the dialect says which counts. Source: Uptane Standard #check_timestamp
import { parseEnvelope } from '../metadata/envelope.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import { checkSignatures } from './check-signatures.ts';
import {
  authorityOf,
  checkExpiry,
  checkNotOlder,
  documentOf,
  type Previous,
  type Trust,
} from './trusted-metadata.ts';

/** What counts from now on: the one received, or the previous one. @throws MetadataError */
export function checkTimestamp(
  received: Uint8Array,
  trust: Trust,
  previous?: Previous<Timestamp>,
): Timestamp {
  const origin = documentOf(trust, 'timestamp');
  const envelope = parseEnvelope(received, origin, trust.limits);
  checkSignatures(envelope, authorityOf(trust.root, 'timestamp', trust.repository), origin);
  const timestamp = parseTimestamp(envelope, trust.repository);
  const trusted = previous?.view;
  const isLeft = previous?.meetsThreshold === true && trust.dialect.equalTimestamp === 'is left';
  if (trusted !== undefined && isLeft && trusted.version === timestamp.version) {
    checkExpiry(trusted, trust.now, origin);
    return trusted;
  }
  if (trusted !== undefined) {
    checkNotOlder(timestamp.version, trusted.version, 'version', origin);
    checkNotOlder(timestamp.snapshot.version, trusted.snapshot.version, 'Snapshot version', origin);
  }
  checkExpiry(timestamp, trust.now, origin);
  return timestamp;
}
