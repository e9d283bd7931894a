// Opens the database as the Storage port: lock, directory, schema, stores. A new database gets the original's schema 25
// and our tables; an existing one of another schema is refused by name. client-protocol 10; ports.ts.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Config } from '../../config/config.ts';
import { StorageError } from '../../errors.ts';
import type { Storage } from '../../ports.ts';
import { attackStore } from './attack-store.ts';
import { credentialStore } from './credential-store.ts';
import { connect, numberOf } from './database.ts';
import type { Connection } from './database.ts';
import { furtherMetadataStore } from './further-metadata-store.ts';
import { identityStore } from './identity-store.ts';
import { imageStore } from './image-store.ts';
import { inspection } from './inspection.ts';
import type { Inspection } from './inspection.ts';
import { installationStore } from './installation-store.ts';
import { metadataStore } from './metadata-store.ts';
import { cycleStore, etagStore, flagStore } from './own-stores.ts';
import type { FlagStore } from './own-stores.ts';
import { rebootStore } from './reboot-store.ts';
import { offlineStorage } from './offline-store.ts';
import { reportStore } from './report-store.ts';
import { secondaryStore } from './secondary-store.ts';
import { ORIGINAL_ROWS, ORIGINAL_TABLES, OWN_TABLES, VERSIONS_TAKEN_OVER } from './schema.ts';
import { prepareDirectory } from './storage-directory.ts';
import { timeStore } from './time-store.ts';
import { lockStorage } from './storage-lock.ts';

/** The port, and beside it what only start-up and aktualizr-info need. */
export type SqliteStorage = Storage & { readonly flags: FlagStore; readonly inspection: Inspection };

type OwnTable =
  | 'ota_connect_flags'
  | 'ota_connect_cycle'
  | 'ota_connect_etags'
  | 'ota_connect_attacks'
  | 'ota_connect_metadata';

type OpenOptions = {
  /** For looking on: takes no lock, writes nothing, needs an existing database. */
  readonly readOnly?: boolean;
};

/** Throws StorageError: locked (with the holder's pid), corrupt, unsafe_directory, disk_full, migration_failed, io. */
export function openStorage(config: Config['storage'], options: OpenOptions = {}): SqliteStorage {
  const file = databaseFile(config);
  return options.readOnly === true ? openForReading(file) : openForWriting(file);
}

export function databaseFile(config: Config['storage']): string {
  return resolve(config.path, config.sqldbPath);
}

function openForWriting(file: string): SqliteStorage {
  const directory = dirname(file);
  prepareDirectory(directory);
  const lock = lockStorage(directory);
  try {
    const db = connect(file, false);
    try {
      db.transaction(() => prepareSchema(db));
      return storageOver(
        db,
        () => db,
        () => lock.release(),
      );
    } catch (cause) {
      db.close();
      throw cause;
    }
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

function openForReading(file: string): SqliteStorage {
  if (!existsSync(file)) {
    const message = `There is no database at ${file}: the device has not been started yet.`;
    throw new StorageError('io', message, { details: { file, missing: true } });
  }
  const db = connectForReading(file);
  try {
    checkVersion(db);
    return storageOver(
      db,
      (table) => (hasTable(db, table) ? db : emptyTable(db)),
      () => undefined,
    );
  } catch (cause) {
    db.close();
    throw cause;
  }
}

function connectForReading(file: string): Connection {
  try {
    return connect(file, true);
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== 'io') throw cause;
    // A process that died in a write left its journal: only an opening for writing can roll it back.
    connect(file, false).close();
    return connect(file, true);
  }
}

/** `own`: the connection for one of our tables. */
function storageOver(
  db: Connection,
  own: (table: OwnTable) => Connection,
  afterClose: () => void,
): SqliteStorage {
  const flags = flagStore(own('ota_connect_flags'));
  const image = metadataStore(db, 'image', flags);
  return {
    identity: identityStore(db),
    credentials: credentialStore(db),
    metadata: {
      director: metadataStore(db, 'director', flags),
      image,
      further: (name) => furtherMetadataStore(own('ota_connect_metadata'), name, flags),
    },
    offline: offlineStorage(db, own('ota_connect_metadata'), { online: image, flags }),
    installations: installationStore(db),
    reports: reportStore(db),
    reboot: rebootStore(db),
    cycle: cycleStore(own('ota_connect_cycle')),
    images: imageStore(db),
    secondaries: secondaryStore(db),
    etags: etagStore(own('ota_connect_etags')),
    attacks: attackStore(own('ota_connect_attacks')),
    time: timeStore(own('ota_connect_flags')),
    flags,
    inspection: inspection(db),
    transaction: (work) => db.transaction(work),
    close: () => {
      db.close();
      afterClose();
    },
  };
}

function prepareSchema(db: Connection): void {
  const isNew = db.get('SELECT 1 FROM sqlite_master LIMIT 1') === undefined;
  if (isNew) for (const sql of [...ORIGINAL_TABLES, ...ORIGINAL_ROWS]) db.run(sql);
  else checkVersion(db);
  for (const sql of OWN_TABLES) db.run(sql);
}

function checkVersion(db: Connection): void {
  const has = db.get(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'version'`) !== undefined;
  const version = has ? numberOf(db.get('SELECT version FROM version'), 'version') : undefined;
  if (version !== undefined && VERSIONS_TAKEN_OVER.includes(version)) return;
  const found = version === undefined ? 'is not a database of aktualizr' : `has schema version ${version}`;
  const known = `${VERSIONS_TAKEN_OVER[0]} to ${VERSIONS_TAKEN_OVER.at(-1)}`;
  const message = `${db.file} ${found}, this aktualizr works with versions ${known}; it was left as it is.${adviceFor(version)}`;
  throw new StorageError('migration_failed', message, { details: { file: db.file, version } });
}

/** The original brings its own older databases up to date when it starts. */
function adviceFor(version: number | undefined): string {
  const [oldest = 0] = VERSIONS_TAKEN_OVER;
  return version === undefined || version >= oldest
    ? ''
    : ' Start the newest release of the original client once: it brings the database to version 25.';
}

function hasTable(db: Connection, table: OwnTable): boolean {
  return db.get('SELECT 1 FROM sqlite_master WHERE name = ?', table) !== undefined;
}

/** The view of a table of ours in a database that does not have it: of the original, or of an earlier version. */
function emptyTable(db: Connection): Connection {
  return { ...db, get: () => undefined, all: () => [] };
}
