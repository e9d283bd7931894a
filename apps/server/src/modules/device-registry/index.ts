// The door of the module. wiring.ts reads: migrations, userRoutes, deviceRoutes, reactions, jobs.
import type { Migration } from '../../platform/db/migrate.ts';

export type DeviceRegistryTables = {};

export const migrations: readonly Migration[] = [];
