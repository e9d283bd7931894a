// What was verified of media, in a table of ours: the original's schema has no place for it, and what media carry of the
// Image repository must not mix with what its server says. Roots alone are common. A device of Torizon's brings the
// offline-snapshot that it has stored in its own place. client-protocol 10.1, 12.3
import type { MetadataStore, OfflineRole, OfflineStore } from '@ota-connect/uptane';
import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';
import { furtherMetadataStore } from './further-metadata-store.ts';
import type { FlagStore } from './own-stores.ts';
import { REPOSITORY_NUMBERS } from './schema.ts';

/** No repository of a mapping can be called so: their names have no slash at the end. */
const DIRECTOR = 'medium/director/';
const IMAGE = 'medium/image/';
const VERSION = -1;
const TORIZON_ROLES: Record<OfflineRole, number> = { 'offline-snapshot': 5, 'offline-updates': 6 };

export type OfflineStorage = { readonly documents: OfflineStore; readonly image: MetadataStore };

/** `own`: the connection for our table. `online`: the Image repository as its server gives it. */
export function offlineStorage(
  db: Connection,
  own: Connection,
  { online, flags }: { readonly online: MetadataStore; readonly flags: FlagStore },
): OfflineStorage {
  const image = furtherMetadataStore(own, IMAGE, flags);
  return {
    documents: {
      load: (role) => {
        const sql = 'SELECT meta FROM ota_connect_metadata WHERE repository = ? AND role = ?';
        const stored = bytesOf(own.get(sql, DIRECTOR, role), 'meta');
        if (stored !== undefined) return stored;
        const torizons =
          'SELECT meta FROM meta WHERE repo = ? AND meta_type = ? ORDER BY version DESC LIMIT 1';
        return bytesOf(db.get(torizons, REPOSITORY_NUMBERS.director, TORIZON_ROLES[role]), 'meta');
      },
      save: (role, bytes) => {
        const sql =
          'INSERT OR REPLACE INTO ota_connect_metadata(repository, role, version, meta) VALUES(?, ?, ?, ?)';
        own.run(sql, DIRECTOR, role, VERSION, bytes);
      },
    },
    image: {
      ...image,
      load: (role) => (role === 'root' ? online.load(role) : image.load(role)),
      loadRoot: (version) => online.loadRoot(version),
      save: (role, bytes, version) => (role === 'root' ? online : image).save(role, bytes, version),
      saveRoot: (bytes, version, forget) =>
        db.transaction(() => {
          for (const role of forget) image.remove(role);
          online.saveRoot(bytes, version, forget);
        }),
    },
  };
}
