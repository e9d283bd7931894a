// Software and the Image repository's signed roles.
import type { Migration } from '../../platform/db/migrate.ts';

export type ImageRepoTables = {};

export const migrations: readonly Migration[] = [];
