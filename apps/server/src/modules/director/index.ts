// The door of the module: which device runs what, and what it gets next.
// wiring.ts reads: migrations, userRoutes, deviceRoutes.
export { assignUpdate, dryRunUpdate, type Assigned, type UpdateRequest } from './assign-update.ts';
export type { AssignedTarget, Image, Result } from './assignment.ts';
export { attacksOfDevice } from './attack-store.ts';
export { cancelAssignments, type Cancelled } from './cancel-assignment.ts';
export { forgetDevice } from './forget-device.ts';
export { deviceRoutes } from './device-routes.ts';
export { registerEcus } from './register-ecus.ts';
export { ecusOfDevice } from './ecus-of-device.ts';
export type {
  DeviceUpdateCanceled,
  DeviceUpdateCompleted,
  EcuImagesReported,
  EcusRegistered,
  UpdateAssigned,
  UpdateInFlight,
} from './events.ts';
export type { NotAffectedCode, UpdateTarget } from './find-affected.ts';
export { migrations } from './migrations.ts';
export type { DirectorTables } from './store.ts';
export { userRoutes } from './user-routes.ts';
