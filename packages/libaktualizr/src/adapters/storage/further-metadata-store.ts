// Metadata of the repositories that only a repository mapping names, in a table of ours: the original knows two
// repositories. Names of repositories and roles are data. client-protocol 10.3; Uptane Standard #repo_mapping_meta.
import type { MetadataStore, StoredRole } from '@ota-connect/uptane';
import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';
import type { FlagStore } from './own-stores.ts';

const NEWEST_ONLY = -1;
const DELEGATION = 'delegation/';

export function furtherMetadataStore(db: Connection, repository: string, flags: FlagStore): MetadataStore {
  const fullRoles = `full_roles/${repository}`;
  const place = 'repository = ? AND role = ?';
  const remove = (key: string): void =>
    db.run(`DELETE FROM ota_connect_metadata WHERE ${place}`, repository, key);
  const save = (role: StoredRole, bytes: Uint8Array, version: number): void => {
    const stored = role === 'root' ? version : NEWEST_ONLY;
    const sql =
      'INSERT OR REPLACE INTO ota_connect_metadata(repository, role, version, meta) VALUES(?, ?, ?, ?)';
    db.run(sql, repository, keyOf(role), stored, bytes);
  };
  return {
    load: (role) => {
      const sql = `SELECT meta FROM ota_connect_metadata WHERE ${place} ORDER BY version DESC LIMIT 1`;
      return bytesOf(db.get(sql, repository, keyOf(role)), 'meta');
    },
    loadRoot: (version) => {
      const sql = `SELECT meta FROM ota_connect_metadata WHERE ${place} AND version = ?`;
      return bytesOf(db.get(sql, repository, keyOf('root'), version), 'meta');
    },
    save,
    saveRoot: (bytes, version, forget) =>
      db.transaction(() => {
        for (const role of forget) remove(keyOf(role));
        save('root', bytes, version);
      }),
    remove: (role) => remove(keyOf(role)),
    keepDelegations: (names) => {
      const sql = 'SELECT DISTINCT role FROM ota_connect_metadata WHERE repository = ?';
      const kept = new Set(Array.from(names, (name) => keyOf({ delegation: name })));
      const unused = db
        .all(sql, repository)
        .map((row) => String(row['role']))
        .filter((key) => key.startsWith(DELEGATION) && !kept.has(key));
      if (unused.length > 0) db.transaction(() => unused.forEach(remove));
    },
    flags: () => ({
      directorFullRoles: () => flags.get(fullRoles) !== undefined,
      rememberDirectorFullRoles: (served) =>
        served ? flags.set(fullRoles, 'served') : flags.forget(fullRoles),
    }),
  };
}

/** No name of a role makes a delegation's key that of a top-level role. */
function keyOf(role: StoredRole): string {
  return typeof role === 'string' ? role : `${DELEGATION}${role.delegation}`;
}
