// Facts that the device registry states.
import type { DomainEvent } from '../../platform/outbox/publish.ts';

/** A device exists; its groups are known. */
export type DeviceCreated = DomainEvent & {
  readonly type: 'DeviceCreated';
  readonly deviceUuid: string;
  readonly deviceId: string;
};

/** The device, its groups, its ECUs and its certificates are gone; its device id and serials are free. */
export type DeviceDeleted = DomainEvent & {
  readonly type: 'DeviceDeleted';
  readonly deviceUuid: string;
  readonly deviceId: string;
};

/** First contact ever. */
export type DeviceSeen = DomainEvent & { readonly type: 'DeviceSeen'; readonly deviceUuid: string };

/** Each event of a device once, in the order of arrival. */
export type DeviceEventReceived = DomainEvent & {
  readonly type: 'DeviceEventReceived';
  readonly deviceUuid: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly campaignId?: string;
  readonly correlationId?: string;
};
