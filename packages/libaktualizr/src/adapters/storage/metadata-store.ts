// Metadata as it arrived, byte for byte. Roots are kept under their numbers, of the other roles only the newest document
// (version -1), delegations by name; so the original finds them too. client-protocol 10.1, 10.3.
import type { MetadataStore, StoredRole } from '@ota-connect/uptane';

import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';
import type { FlagStore } from './own-stores.ts';
import { REPOSITORY_NUMBERS, ROLE_NUMBERS } from './schema.ts';

const NEWEST_ONLY = -1;
const DIRECTOR_FULL_ROLES = 'director_full_roles';

export function metadataStore(
  db: Connection,
  repository: 'director' | 'image',
  flags: FlagStore,
): MetadataStore {
  const repo = REPOSITORY_NUMBERS[repository];
  return {
    load: (role) => {
      if (typeof role === 'object') return loadDelegation(db, repository, role.delegation);
      const sql = 'SELECT meta FROM meta WHERE repo = ? AND meta_type = ? ORDER BY version DESC LIMIT 1';
      return bytesOf(db.get(sql, repo, ROLE_NUMBERS[role]), 'meta');
    },
    loadRoot: (version) => {
      const sql = 'SELECT meta FROM meta WHERE repo = ? AND meta_type = ? AND version = ?';
      return bytesOf(db.get(sql, repo, ROLE_NUMBERS.root, version), 'meta');
    },
    save: (role, bytes, version) => save(db, { repository, role }, bytes, version),
    saveRoot: (bytes, version, forget) =>
      db.transaction(() => {
        for (const role of forget) remove(db, { repository, role });
        save(db, { repository, role: 'root' }, bytes, version);
      }),
    remove: (role) => remove(db, { repository, role }),
    keepDelegations: (names) => {
      if (repository === 'image') keepDelegations(db, names);
    },
    flags: () => ({
      directorFullRoles: () => flags.get(DIRECTOR_FULL_ROLES) !== undefined,
      rememberDirectorFullRoles: (served) =>
        served ? flags.set(DIRECTOR_FULL_ROLES, 'served') : flags.forget(DIRECTOR_FULL_ROLES),
    }),
  };
}

type Place = { readonly repository: 'director' | 'image'; readonly role: StoredRole };

function save(db: Connection, { repository, role }: Place, bytes: Uint8Array, version: number): void {
  if (typeof role === 'object') {
    // The Director has no delegations (uptane refuses them), so the table has no column for a repository.
    if (repository === 'image')
      db.run('INSERT OR REPLACE INTO delegations VALUES(?, ?)', bytes, role.delegation);
    return;
  }
  const stored = role === 'root' ? version : NEWEST_ONLY;
  db.run(
    'INSERT OR REPLACE INTO meta VALUES(?, ?, ?, ?)',
    bytes,
    REPOSITORY_NUMBERS[repository],
    ROLE_NUMBERS[role],
    stored,
  );
}

function remove(db: Connection, { repository, role }: Place): void {
  if (typeof role !== 'object') {
    const sql = 'DELETE FROM meta WHERE repo = ? AND meta_type = ?';
    db.run(sql, REPOSITORY_NUMBERS[repository], ROLE_NUMBERS[role]);
  } else if (repository === 'image') db.run('DELETE FROM delegations WHERE role_name = ?', role.delegation);
}

function keepDelegations(db: Connection, names: ReadonlySet<string>): void {
  const stored = db.all('SELECT role_name FROM delegations').map((row) => String(row['role_name']));
  const unused = stored.filter((name) => !names.has(name));
  if (unused.length === 0) return;
  db.transaction(() => {
    for (const name of unused) db.run('DELETE FROM delegations WHERE role_name = ?', name);
  });
}

function loadDelegation(
  db: Connection,
  repository: 'director' | 'image',
  name: string,
): Uint8Array | undefined {
  if (repository === 'director') return undefined;
  return bytesOf(db.get('SELECT meta FROM delegations WHERE role_name = ?', name), 'meta');
}
