// Tables of the device registry. `last_seen` has a narrow table of its own: it changes with every poll, a device's row
// hardly ever does. Source: stack.md section 3, "Design finding"
import { sql } from 'kysely';
import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'device-registry/0001',
    async up(tx) {
      const statements = [
        sql`CREATE TABLE devices (environment TEXT NOT NULL, uuid TEXT NOT NULL, device_id TEXT NOT NULL,
          name TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
          PRIMARY KEY (environment, uuid)) STRICT`,
        sql`CREATE UNIQUE INDEX devices_by_device_id ON devices (environment, device_id)`,
        sql`CREATE TABLE device_contacts (environment TEXT NOT NULL, device_uuid TEXT NOT NULL,
          last_seen INTEGER NOT NULL, PRIMARY KEY (environment, device_uuid)) STRICT`,
        sql`CREATE TABLE device_reports (environment TEXT NOT NULL, device_uuid TEXT NOT NULL, kind TEXT NOT NULL,
          body TEXT NOT NULL, received_at INTEGER NOT NULL,
          PRIMARY KEY (environment, device_uuid, kind)) STRICT`,
        // The newest of each device stay, the oldest go (MAX_STORED_EVENTS of receive-events.ts).
        sql`CREATE TABLE device_events (environment TEXT NOT NULL, device_uuid TEXT NOT NULL, event_id TEXT NOT NULL,
          sequence TEXT NOT NULL, correlation_id TEXT, body TEXT NOT NULL, received_at INTEGER NOT NULL,
          PRIMARY KEY (environment, device_uuid, event_id)) STRICT`,
        sql`CREATE INDEX device_events_in_order ON device_events (environment, device_uuid, sequence)`,
        sql`CREATE TABLE device_groups (environment TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
          kind TEXT NOT NULL, expression TEXT, created_at INTEGER NOT NULL,
          PRIMARY KEY (environment, id)) STRICT`,
        sql`CREATE UNIQUE INDEX device_groups_by_name ON device_groups (environment, name)`,
        sql`CREATE TABLE device_group_members (environment TEXT NOT NULL, group_id TEXT NOT NULL,
          device_uuid TEXT NOT NULL, PRIMARY KEY (environment, group_id, device_uuid)) STRICT`,
        sql`CREATE INDEX device_group_members_by_device ON device_group_members (environment, device_uuid)`,
      ];
      for (const statement of statements) await statement.execute(tx);
    },
  },
];
