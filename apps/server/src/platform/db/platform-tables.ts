// Tables of the platform itself: applied migrations, outbox, jobs and single settings.
import { sql, type Generated } from 'kysely';
import type { Migration } from './migrate.ts';

export type PlatformTables = {
  migrations: { id: string; applied_at: number };
  outbox_events: {
    id: string;
    environment: string;
    type: string;
    body: string;
    attempts: Generated<number>;
    not_before: Generated<number>;
    failed_at: number | null;
  };
  jobs: {
    id: string;
    environment: string;
    kind: string;
    payload: string;
    run_at: number;
    leased_until: Generated<number>;
    attempts: Generated<number>;
    failed_at: number | null;
  };
  settings: { environment: string; name: string; value: string };
};

export const platformMigrations: readonly Migration[] = [
  {
    id: 'platform/0001',
    async up(tx) {
      await sql`CREATE TABLE outbox_events (id TEXT PRIMARY KEY, environment TEXT NOT NULL, type TEXT NOT NULL,
        body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        not_before INTEGER NOT NULL DEFAULT 0, failed_at INTEGER) STRICT`.execute(tx);
      await sql`CREATE TABLE jobs (id TEXT PRIMARY KEY, environment TEXT NOT NULL, kind TEXT NOT NULL,
        payload TEXT NOT NULL, run_at INTEGER NOT NULL, leased_until INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0, failed_at INTEGER) STRICT`.execute(tx);
      await sql`CREATE INDEX jobs_due ON jobs (run_at) WHERE failed_at IS NULL`.execute(tx);
      await sql`CREATE TABLE settings (environment TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (environment, name)) STRICT`.execute(tx);
    },
  },
];
