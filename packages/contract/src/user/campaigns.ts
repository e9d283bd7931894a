// A campaign brings an update to groups of devices, with or without their consent. It is a plan of stages from the
// first version on; today there is one stage with all groups.
// Source: server-protocol 9.1, 9.5
import { Type, type Static } from 'typebox';
import { Description, Name, Seconds, Time, Uuid } from './common.ts';

export const CAMPAIGN_STATUSES = ['prepared', 'launched', 'finished', 'cancelled'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

export const DEVICE_IN_CAMPAIGN_STATES = [
  'requested',
  'rejected',
  'scheduled',
  'accepted',
  'declined',
  'postponed',
  'successful',
  'failed',
  'cancelled',
] as const;
export type DeviceInCampaignState = (typeof DEVICE_IN_CAMPAIGN_STATES)[number];

const consent = {
  description: Type.Optional(Description),
  estimatedInstallationSeconds: Type.Optional(Seconds),
  estimatedPreparationSeconds: Type.Optional(Seconds),
};

export const CreateCampaignSchema = Type.Object(
  {
    name: Name,
    updateId: Uuid,
    groupIds: Type.Array(Uuid, { minItems: 1, maxItems: 1000 }),
    approvalNeeded: Type.Optional(Type.Boolean({ default: false })),
    ...consent,
  },
  { additionalProperties: false },
);
export type CreateCampaign = Static<typeof CreateCampaignSchema>;

export const CampaignSchema = Type.Object({
  id: Uuid,
  name: Name,
  updateId: Uuid,
  status: Type.Enum(CAMPAIGN_STATUSES),
  approvalNeeded: Type.Boolean(),
  groupIds: Type.Array(Uuid),
  stages: Type.Array(Type.Object({ position: Type.Integer({ minimum: 0 }), groupIds: Type.Array(Uuid) })),
  ...consent,
  createdAt: Time,
  launchedAt: Type.Optional(Time),
  finishedAt: Type.Optional(Time),
});
export type Campaign = Static<typeof CampaignSchema>;

const Count = Type.Integer({ minimum: 0 });

export const CampaignStatsSchema = Type.Object({
  campaignId: Uuid,
  status: Type.Enum(CAMPAIGN_STATUSES),
  processed: Count,
  affected: Count,
  rejected: Count,
  /** Waiting for consent. */
  scheduled: Count,
  accepted: Count,
  declined: Count,
  postponed: Count,
  successful: Count,
  failed: Count,
  cancelled: Count,
  failures: Type.Array(Type.Object({ code: Type.String(), count: Count })),
});
export type CampaignStats = Static<typeof CampaignStatsSchema>;

export const CampaignDeviceSchema = Type.Object({
  deviceUuid: Uuid,
  deviceId: Type.String(),
  state: Type.Enum(DEVICE_IN_CAMPAIGN_STATES),
  reason: Type.Optional(Type.Object({ code: Type.String(), description: Type.String() })),
  updatedAt: Time,
});
export type CampaignDevice = Static<typeof CampaignDeviceSchema>;
