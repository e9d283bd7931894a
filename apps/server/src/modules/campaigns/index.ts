// The door of the module: updates, and the campaigns that bring them to groups of devices.
// wiring.ts reads: migrations, userRoutes, deviceRoutes, reactions, jobs.
import type { Context } from '../../platform/context.ts';
import type { JobHandler } from '../../platform/jobs/queue.ts';
import { on, type Reaction } from '../../platform/outbox/publish.ts';
import type { DeviceDeleted, DeviceEventReceived } from '../device-registry/index.ts';
import type {
  DeviceUpdateCanceled,
  DeviceUpdateCompleted,
  EcuImagesReported,
  EcusRegistered,
} from '../director/index.ts';
import { CANCEL, cancelBatch } from './cancel-campaign.ts';
import { onDeviceDeleted } from './on-device-deleted.ts';
import { onDeviceEvent } from './on-device-event.ts';
import { onDeviceInventory } from './on-device-inventory.ts';
import { onDeviceUpdate } from './on-device-update.ts';
import { SCHEDULE, scheduleBatch } from './schedule-batch.ts';

export { deviceRoutes } from './device-routes.ts';
export { migrations } from './migrations.ts';
export type { CampaignsTables } from './store.ts';
export { userRoutes } from './user-routes.ts';

export function reactions(ctx: Context): readonly Reaction[] {
  return [
    on<DeviceDeleted>(ctx, 'DeviceDeleted', onDeviceDeleted),
    on<DeviceEventReceived>(ctx, 'DeviceEventReceived', onDeviceEvent),
    on<DeviceUpdateCompleted>(ctx, 'DeviceUpdateCompleted', onDeviceUpdate),
    on<DeviceUpdateCanceled>(ctx, 'DeviceUpdateCanceled', onDeviceUpdate),
    on<EcusRegistered>(ctx, 'EcusRegistered', onDeviceInventory),
    on<EcuImagesReported>(ctx, 'EcuImagesReported', onDeviceInventory),
  ];
}

export function jobs(ctx: Context): readonly JobHandler[] {
  return [
    { kind: SCHEDULE, run: (job) => scheduleBatch(ctx, job) },
    { kind: CANCEL, run: (job) => cancelBatch(ctx, job) },
  ];
}
