// The Image repository: software, its bytes, and the signed roles that vouch for it.
export { deviceRoutes } from './device-routes.ts';
export type { TargetAdded } from './events.ts';
export { refreshRoles } from './fresh-roles.ts';
export { removeOrphans } from './remove-orphans.ts';
export { findTarget, migrations, type ImageRepoTables, type Target } from './store.ts';
export { userRoutes } from './user-routes.ts';
