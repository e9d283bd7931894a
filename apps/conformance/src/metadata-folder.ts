// Trusted metadata of a plain TUF repository in a folder: `root.json`, `timestamp.json`… and delegated roles under their
// encoded names, unversioned and as received. Whatever there ends in `.json` is trusted metadata; nothing else does.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { MetadataStore, StoredRole } from '@ota-connect/uptane';
import { readIfThere, removeDurably, storing, writeDurably } from './durable-file.ts';
import { fileNameOf } from './file-name.ts';
import { endForgetting, NOTE, saveRootAndForget } from './save-root.ts';

const TOP_LEVEL: readonly StoredRole[] = ['root', 'timestamp', 'snapshot', 'targets'];

export function rootFileOf(folder: string): string {
  return path.join(folder, 'root.json');
}

/** Of Root too the newest alone: a TUF client needs no other. The folder exists. */
export function metadataFolder(folder: string): MetadataStore {
  const fileOf = (role: StoredRole): string =>
    path.join(folder, `${typeof role === 'string' ? role : fileNameOf(role.delegation)}.json`);
  const note = path.join(folder, NOTE);
  const store: Omit<MetadataStore, 'saveRoot'> = {
    load: (role) => readIfThere(fileOf(role)),
    loadRoot: (version) => {
      const root = readIfThere(fileOf('root'));
      return root !== undefined && versionOf(root) === version ? root : undefined;
    },
    save: (role, bytes) => writeDurably(fileOf(role), bytes),
    remove: (role) => removeDurably(fileOf(role)),
    // A flag of a Director, which a plain repository is not.
    flags: () => ({ directorFullRoles: () => false, rememberDirectorFullRoles: () => undefined }),
    keepDelegations: (names) => {
      const kept = new Set(
        [...TOP_LEVEL, ...Array.from(names, (delegation) => ({ delegation }))].map(fileOf),
      );
      for (const name of storing(folder, () => readdirSync(folder))) {
        const file = path.join(folder, name);
        if (name.endsWith('.json') && !kept.has(file)) removeDurably(file);
      }
    },
  };
  endForgetting(note, store);
  return {
    ...store,
    saveRoot: (bytes, version, forget) => saveRootAndForget(note, store, { bytes, version, forget }),
  };
}

/** Of a Root that was verified before it was stored. */
function versionOf(root: Uint8Array): unknown {
  const document = JSON.parse(new TextDecoder().decode(root)) as { signed?: { version?: unknown } };
  return document.signed?.version;
}
