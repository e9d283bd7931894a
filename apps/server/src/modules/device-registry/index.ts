// The door of the module: devices, their groups, and what they say of themselves.
// wiring.ts reads: migrations, userRoutes, deviceRoutes, reactions.
import type { Context } from '../../platform/context.ts';
import { on, type Reaction } from '../../platform/outbox/publish.ts';
import type {
  DeviceUpdateCanceled,
  DeviceUpdateCompleted,
  UpdateAssigned,
  UpdateInFlight,
} from '../director/index.ts';
import type { DeviceDeleted } from './events.ts';
import { onDeviceDeleted } from './on-device-deleted.ts';
import { onDirectorEvent } from './on-director-event.ts';

export { registerDevice } from './create-device.ts';
export { deviceRoutes } from './device-routes.ts';
export type { DeviceCreated, DeviceDeleted, DeviceEventReceived, DeviceSeen } from './events.ts';
export { removeDevice } from './remove-device.ts';
export { findDevice } from './find-device.ts';
export { devicesOfGroup, findGroup, groupMatches } from './groups.ts';
export { flushSeen, markSeen } from './last-seen.ts';
export { migrations } from './migrations.ts';
export { groupIdsOfDevice } from './group-store.ts';
export { deviceIdsOf, type DeviceRegistryTables } from './store.ts';
export { userRoutes } from './user-routes.ts';

export function reactions(ctx: Context): readonly Reaction[] {
  return [
    on<DeviceDeleted>(ctx, 'DeviceDeleted', onDeviceDeleted),
    on<UpdateAssigned>(ctx, 'UpdateAssigned', onDirectorEvent),
    on<UpdateInFlight>(ctx, 'UpdateInFlight', onDirectorEvent),
    on<DeviceUpdateCompleted>(ctx, 'DeviceUpdateCompleted', onDirectorEvent),
    on<DeviceUpdateCanceled>(ctx, 'DeviceUpdateCanceled', onDirectorEvent),
  ];
}
