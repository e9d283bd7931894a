// Facts that the Director states.
import type { DomainEvent } from '../../platform/outbox/publish.ts';
import type { Result } from './assignment.ts';

type DeviceFact = DomainEvent & { readonly deviceUuid: string };
type UpdateFact = DeviceFact & { readonly correlationId: string };

/** The inventory of a device is new or changed. */
export type EcusRegistered = DeviceFact & {
  readonly type: 'EcusRegistered';
  /** The device has never registered before. */
  readonly isFirst: boolean;
};

/** ECUs that reported what runs on them for the first time. */
export type EcuImagesReported = DeviceFact & {
  readonly type: 'EcuImagesReported';
  readonly ecuSerials: readonly string[];
};

/** In the device's Targets from now on; an update that is queued is not. */
export type UpdateAssigned = UpdateFact & { readonly type: 'UpdateAssigned' };

/** The device has fetched Targets with this update. */
export type UpdateInFlight = UpdateFact & { readonly type: 'UpdateInFlight' };

/** Once per device and correlation id. */
export type DeviceUpdateCompleted = UpdateFact & {
  readonly type: 'DeviceUpdateCompleted';
  readonly result: Result;
  readonly ecuResults: readonly { readonly ecuSerial: string; readonly result: Result }[];
};

/** Taken back before the device fetched it, or the device went its own way. */
export type DeviceUpdateCanceled = UpdateFact & {
  readonly type: 'DeviceUpdateCanceled';
  /** False: it was still queued behind another update. */
  readonly wasRunning: boolean;
};
