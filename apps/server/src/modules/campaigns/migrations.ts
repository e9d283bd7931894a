// Tables of campaigns. A campaign is a plan of stages from the first version on; today it has one. How many rows are in
// which state is counted as rows change, so that no list has to scan them (defect 17 of the original).
import { sql } from 'kysely';
import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: 'campaigns/0001',
    async up(tx) {
      const statements = [
        sql`CREATE TABLE updates (environment TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT,
          targets TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (environment, id)) STRICT`,
        sql`CREATE UNIQUE INDEX updates_by_name ON updates (environment, name)`,
        sql`CREATE TABLE campaigns (environment TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
          update_id TEXT NOT NULL, status TEXT NOT NULL, approval_needed INTEGER NOT NULL, description TEXT,
          installation_seconds INTEGER, preparation_seconds INTEGER, created_at INTEGER NOT NULL,
          launched_at INTEGER, finished_at INTEGER, PRIMARY KEY (environment, id)) STRICT`,
        sql`CREATE UNIQUE INDEX campaigns_by_name ON campaigns (environment, name)`,
        sql`CREATE TABLE campaign_stages (environment TEXT NOT NULL, campaign_id TEXT NOT NULL,
          position INTEGER NOT NULL, PRIMARY KEY (environment, campaign_id, position)) STRICT`,
        sql`CREATE TABLE campaign_groups (environment TEXT NOT NULL, campaign_id TEXT NOT NULL, group_id TEXT NOT NULL,
          position INTEGER NOT NULL, is_open INTEGER NOT NULL, read_up_to TEXT, is_read INTEGER NOT NULL,
          PRIMARY KEY (environment, campaign_id, group_id)) STRICT`,
        sql`CREATE INDEX campaign_groups_by_group ON campaign_groups (environment, group_id)`,
        sql`CREATE TABLE campaign_devices (environment TEXT NOT NULL, campaign_id TEXT NOT NULL,
          device_uuid TEXT NOT NULL, state TEXT NOT NULL, reason_code TEXT, reason_description TEXT,
          attempts INTEGER NOT NULL, updated_at INTEGER NOT NULL,
          PRIMARY KEY (environment, campaign_id, device_uuid)) STRICT`,
        sql`CREATE INDEX campaign_devices_by_state ON campaign_devices (environment, campaign_id, state)`,
        sql`CREATE INDEX campaign_devices_by_device ON campaign_devices (environment, device_uuid, state)`,
        sql`CREATE TABLE campaign_counts (environment TEXT NOT NULL, campaign_id TEXT NOT NULL, state TEXT NOT NULL,
          count INTEGER NOT NULL, PRIMARY KEY (environment, campaign_id, state)) STRICT`,
        sql`CREATE TABLE campaign_failures (environment TEXT NOT NULL, campaign_id TEXT NOT NULL, code TEXT NOT NULL,
          count INTEGER NOT NULL, PRIMARY KEY (environment, campaign_id, code)) STRICT`,
      ];
      for (const statement of statements) await statement.execute(tx);
    },
  },
];
