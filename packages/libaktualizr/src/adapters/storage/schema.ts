// The tables of the database: the original's schema 25 as its clients leave it, so that either client opens the other's
// file, and our own beside them under the prefix ota_connect_. The original's downgrade scripts are not ours to write:
// rollback_migrations stays empty in a new database and as found in an old one. client-protocol 10.1.

export const SCHEMA_VERSION = 25;

/**
 * Versions of the Torizon fork that only add to it: roles of offline updates (26), a table of consents (27), a column of
 * device_info (28), a table of plans (29). Such a database is used as it is and stays what it is.
 */
export const VERSIONS_TAKEN_OVER: readonly number[] = [SCHEMA_VERSION, 26, 27, 28, 29];

export const ORIGINAL_TABLES: readonly string[] = [
  `CREATE TABLE version(version INTEGER)`,
  `CREATE TABLE device_info(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), device_id TEXT, is_registered INTEGER NOT NULL DEFAULT 0 CHECK (is_registered IN (0,1)))`,
  `CREATE TABLE ecus(id INTEGER PRIMARY KEY, serial TEXT UNIQUE, hardware_id TEXT NOT NULL, is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0,1)))`,
  `CREATE TABLE secondary_ecus(serial TEXT PRIMARY KEY, sec_type TEXT, public_key_type TEXT, public_key TEXT, extra TEXT, manifest TEXT)`,
  `CREATE TABLE misconfigured_ecus(serial TEXT UNIQUE, hardware_id TEXT NOT NULL, state INTEGER NOT NULL CHECK (state IN (0,1)))`,
  `CREATE TABLE installed_versions(id INTEGER PRIMARY KEY, ecu_serial TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, hashes TEXT NOT NULL, length INTEGER NOT NULL DEFAULT 0, correlation_id TEXT NOT NULL DEFAULT '', is_current INTEGER NOT NULL CHECK (is_current IN (0,1)) DEFAULT 0, is_pending INTEGER NOT NULL CHECK (is_pending IN (0,1)) DEFAULT 0, was_installed INTEGER NOT NULL CHECK (was_installed IN (0,1)) DEFAULT 0, custom_meta TEXT NOT NULL DEFAULT "")`,
  `CREATE TABLE primary_keys(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), private TEXT, public TEXT)`,
  `CREATE TABLE tls_creds(ca_cert BLOB, ca_cert_format TEXT, client_cert BLOB, client_cert_format TEXT, client_pkey BLOB, client_pkey_format TEXT)`,
  `CREATE TABLE meta(meta BLOB NOT NULL, repo INTEGER NOT NULL, meta_type INTEGER NOT NULL, version INTEGER NOT NULL, UNIQUE(repo, meta_type, version))`,
  `CREATE TABLE target_images(targetname TEXT PRIMARY KEY, real_size INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT "", sha512 TEXT NOT NULL DEFAULT "", filename TEXT NOT NULL)`,
  `CREATE TABLE repo_types(repo INTEGER NOT NULL, repo_string TEXT NOT NULL)`,
  `CREATE TABLE meta_types(meta INTEGER NOT NULL, meta_string TEXT NOT NULL)`,
  `CREATE TABLE device_installation_result(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), success INTEGER NOT NULL DEFAULT 0, result_code TEXT NOT NULL DEFAULT "", description TEXT NOT NULL DEFAULT "", raw_report TEXT NOT NULL DEFAULT "", correlation_id TEXT NOT NULL DEFAULT "")`,
  `CREATE TABLE ecu_installation_results(ecu_serial TEXT NOT NULL PRIMARY KEY, success INTEGER NOT NULL DEFAULT 0, result_code TEXT NOT NULL DEFAULT "", description TEXT NOT NULL DEFAULT "")`,
  `CREATE TABLE need_reboot(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), flag INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE rollback_migrations(version_from INT PRIMARY KEY, migration TEXT NOT NULL)`,
  `CREATE TABLE delegations(meta BLOB NOT NULL, role_name TEXT NOT NULL, UNIQUE(role_name))`,
  `CREATE TABLE ecu_report_counter(ecu_serial TEXT NOT NULL PRIMARY KEY, counter INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE report_events(id INTEGER PRIMARY KEY, json_string TEXT NOT NULL)`,
  `CREATE TABLE device_data(data_type TEXT PRIMARY KEY, hash TEXT NOT NULL)`,
];

/** Numbers of the lookup tables, as columns `repo` and `meta_type` of `meta` hold them. */
export const REPOSITORY_NUMBERS = { image: 0, director: 1 } as const;
export const ROLE_NUMBERS = { root: 0, snapshot: 1, targets: 2, timestamp: 3 } as const;

export const ORIGINAL_ROWS: readonly string[] = [
  `INSERT INTO version VALUES(${SCHEMA_VERSION})`,
  `INSERT INTO repo_types VALUES(0,'images'),(1,'director')`,
  `INSERT INTO meta_types VALUES(0,'root'),(1,'snapshot'),(2,'targets'),(3,'timestamp')`,
];

export const OWN_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ota_connect_cycle(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), state TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ota_connect_attempts(id INTEGER PRIMARY KEY, target_sha256 TEXT NOT NULL, correlation_id TEXT NOT NULL, attempts INTEGER NOT NULL, UNIQUE(target_sha256, correlation_id))`,
  `CREATE TABLE IF NOT EXISTS ota_connect_etags(id INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, etag TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ota_connect_flags(name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ota_connect_attacks(id INTEGER PRIMARY KEY, subject TEXT NOT NULL, text TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, is_told INTEGER NOT NULL DEFAULT 0 CHECK (is_told IN (0,1)))`,
  `CREATE TABLE IF NOT EXISTS ota_connect_metadata(repository TEXT NOT NULL, role TEXT NOT NULL, version INTEGER NOT NULL, meta BLOB NOT NULL, UNIQUE(repository, role, version))`,
];
