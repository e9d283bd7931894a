// View of the offline-snapshot: which lockboxes there are, each with its version. client-protocol 12.2
import { checkCount, readHeader, type Header } from './common.ts';
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import type { Listing } from '../dialect/listing.ts';
import { CodedError } from '../errors.ts';
import { readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import { quoted } from '../quoted.ts';

export type OfflineSnapshot = Header & {
  /** By the name of the lockbox, without `.json`. */
  readonly lockboxes: ReadonlyMap<string, Listing>;
};

export const OFFLINE_SNAPSHOT: DocumentOrigin = { role: 'offline-snapshot', repository: 'director' };

/** Each is looked for on a medium. */
const MAX_LOCKBOXES = 100;
/** It becomes a file name, and a part of a correlation ID between colons. */
const LOCKBOX_NAME = /^(?!\.)[^/\\:\p{C}]{1,200}$/u;
const SUFFIX = '.json';

/** @throws MetadataError SecurityException */
export function parseOfflineSnapshot(envelope: Envelope): OfflineSnapshot {
  return refusingMalformed(OFFLINE_SNAPSHOT, () => {
    const entries = Object.entries(readObject(member(envelope.signed, 'meta'), 'meta'));
    checkCount(entries.length, MAX_LOCKBOXES, 'meta');
    const lockboxes = new Map<string, Listing>();
    for (const [fileName, value] of entries) {
      const listing = envelope.dialect.readTargetsListing(value, `meta["${quoted(fileName, 80)}"]`);
      lockboxes.set(lockboxName(fileName), listing);
    }
    return { ...readHeader(envelope.signed), lockboxes };
  });
}

function lockboxName(fileName: string): string {
  const name = fileName.endsWith(SUFFIX) ? fileName.slice(0, -SUFFIX.length) : '';
  if (LOCKBOX_NAME.test(name)) return name;
  throw new CodedError('DecodeError', 'malformed', `"${quoted(fileName, 80)}" is no file name of a lockbox.`);
}
