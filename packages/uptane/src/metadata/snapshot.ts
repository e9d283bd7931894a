// View of Snapshot: the version of every Targets file of the repository. Source: Uptane Standard #snapshot_metadata
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHeader, type Header } from './common.ts';
import type { Listing } from '../dialect/listing.ts';
import { readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { RepositoryName } from '../errors.ts';

export type Snapshot = Header & {
  /** By file name, e.g. `targets.json`. */
  readonly roles: ReadonlyMap<string, Listing>;
};

/** @throws MetadataError SecurityException */
export function parseSnapshot(envelope: Envelope, repository?: RepositoryName): Snapshot {
  const origin: DocumentOrigin = { role: 'snapshot', ...(repository === undefined ? {} : { repository }) };
  return refusingMalformed(origin, () => {
    const roles = new Map<string, Listing>();
    for (const [fileName, value] of Object.entries(readObject(member(envelope.signed, 'meta'), 'meta'))) {
      roles.set(fileName, envelope.dialect.readTargetsListing(value, `meta["${fileName}"]`));
    }
    return { ...readHeader(envelope.signed), roles };
  });
}
