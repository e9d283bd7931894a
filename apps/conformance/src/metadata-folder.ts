// Trusted metadata of a plain TUF repository in a folder: `root.json`, `timestamp.json`… and delegated roles under their
// encoded names, unversioned and as received. Whatever there ends in `.json` is trusted metadata; nothing else does.
import path from 'node:path';
import type { MetadataStore, StoredRole } from '@ota-connect/uptane';
import { readIfThere, removeDurably, writeDurably } from './durable-file.ts';
import { fileNameOf } from './file-name.ts';

/** Of Root too the newest alone: a TUF client needs no other. The folder exists. */
export function metadataFolder(folder: string): MetadataStore {
  const fileOf = (role: StoredRole): string =>
    path.join(folder, `${typeof role === 'string' ? role : fileNameOf(role.delegation)}.json`);
  return {
    load: (role) => readIfThere(fileOf(role)),
    loadRoot: (version) => {
      const root = readIfThere(fileOf('root'));
      return root !== undefined && versionOf(root) === version ? root : undefined;
    },
    save: (role, bytes) => writeDurably(fileOf(role), bytes),
    remove: (role) => removeDurably(fileOf(role)),
    // A flag of a Director, which a plain repository is not.
    flags: () => ({ directorFullRoles: () => false, rememberDirectorFullRoles: () => undefined }),
  };
}

/** Of a Root that was verified before it was stored. */
function versionOf(root: Uint8Array): unknown {
  const document = JSON.parse(new TextDecoder().decode(root)) as { signed?: { version?: unknown } };
  return document.signed?.version;
}
