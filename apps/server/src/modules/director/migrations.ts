// Tables of the Director: the inventory (private to it), assignments, and the signed roles of each device.
// Source: Uptane Standard #inventory_database; requirements 5.3.2.2
import { sql } from 'kysely';
import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'director/0001',
    async up(tx) {
      const statements = [
        sql`CREATE TABLE director_devices (environment TEXT NOT NULL, uuid TEXT NOT NULL,
          primary_serial TEXT NOT NULL, capabilities TEXT NOT NULL, targets_outdated INTEGER NOT NULL,
          created_at INTEGER NOT NULL, PRIMARY KEY (environment, uuid)) STRICT`,
        sql`CREATE TABLE director_ecus (environment TEXT NOT NULL, device_uuid TEXT NOT NULL, serial TEXT NOT NULL,
          hardware_id TEXT NOT NULL, public_key TEXT NOT NULL, can_roll_back INTEGER, installed TEXT,
          created_at INTEGER NOT NULL, removed_at INTEGER,
          PRIMARY KEY (environment, device_uuid, serial)) STRICT`,
        // One vehicle has a serial at a time; what was removed there may be built in elsewhere.
        sql`CREATE UNIQUE INDEX director_ecus_by_serial ON director_ecus (environment, serial)
          WHERE removed_at IS NULL`,
        sql`CREATE TABLE director_assignments (environment TEXT NOT NULL, id TEXT NOT NULL, device_uuid TEXT NOT NULL,
          correlation_id TEXT NOT NULL, ecu_serial TEXT NOT NULL, hardware_id TEXT NOT NULL, from_image TEXT,
          target TEXT NOT NULL, state TEXT NOT NULL, result TEXT, created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL, completed_at INTEGER, PRIMARY KEY (environment, id)) STRICT`,
        sql`CREATE UNIQUE INDEX director_assignments_by_update
          ON director_assignments (environment, device_uuid, correlation_id, ecu_serial)`,
        sql`CREATE INDEX director_assignments_by_state ON director_assignments (environment, device_uuid, state)`,
        sql`CREATE TABLE director_roles (environment TEXT NOT NULL, device_uuid TEXT NOT NULL, role TEXT NOT NULL,
          version INTEGER NOT NULL, root_version INTEGER NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
          PRIMARY KEY (environment, device_uuid, role)) STRICT`,
      ];
      for (const statement of statements) await statement.execute(tx);
    },
  },
  {
    id: 'director/0002',
    async up(tx) {
      // The newest of each device stay, the oldest go (MAX_STORED of installation-report-store.ts).
      await sql`CREATE TABLE director_installation_reports (environment TEXT NOT NULL, device_uuid TEXT NOT NULL,
        digest TEXT NOT NULL, report TEXT NOT NULL, received_at INTEGER NOT NULL, last_received_at INTEGER NOT NULL,
        times_received INTEGER NOT NULL, PRIMARY KEY (environment, device_uuid, digest)) STRICT`.execute(tx);
    },
  },
  {
    id: 'director/0003',
    async up(tx) {
      // The newest of each device stay, the oldest go (MAX_STORED of attack-store.ts).
      await sql`CREATE TABLE director_attacks (environment TEXT NOT NULL, device_uuid TEXT NOT NULL,
        ecu_serial TEXT NOT NULL, text TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
        PRIMARY KEY (environment, device_uuid, ecu_serial, text)) STRICT`.execute(tx);
    },
  },
];
