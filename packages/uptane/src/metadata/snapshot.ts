// View of Snapshot: the version of every Targets file of the repository. Source: Uptane Standard #snapshot_metadata
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readHeader, readOptionalHashes, type Header } from './common.ts';
import { readInteger, readObject } from '../json/decode.ts';
import { member } from '../json/value.ts';
import type { Hashes } from '../hashes.ts';
import type { RepositoryName } from '../errors.ts';

export type RoleListing = { readonly version: number; readonly hashes?: Hashes };
export type Snapshot = Header & {
  /** By file name, e.g. `targets.json`. A listed `length` is not used: originals never did, so servers may be wrong there. */
  readonly roles: ReadonlyMap<string, RoleListing>;
};

/** @throws MetadataError SecurityException */
export function parseSnapshot(envelope: Envelope, repository?: RepositoryName): Snapshot {
  const origin: DocumentOrigin = { role: 'snapshot', ...(repository === undefined ? {} : { repository }) };
  return refusingMalformed(origin, () => {
    const roles = new Map<string, RoleListing>();
    for (const [fileName, value] of Object.entries(readObject(member(envelope.signed, 'meta'), 'meta'))) {
      const entry = readObject(value, `meta["${fileName}"]`);
      const hashes = readOptionalHashes(member(entry, 'hashes'), `meta["${fileName}"].hashes`);
      const version = readInteger(member(entry, 'version'), `meta["${fileName}"].version`, 1);
      roles.set(fileName, hashes === undefined ? { version } : { version, hashes });
    }
    return { ...readHeader(envelope.signed), roles };
  });
}
