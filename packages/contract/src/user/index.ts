// The user API v3: schemas that the server validates with, and the types that both sides code against.
export { USER_API } from './paths.ts';
export {
  DeviceSchema,
  DEVICE_STATUSES,
  DeviceAttackSchema,
  DeviceUpdateSchema,
  InstallationReportSchema,
  StoredEventSchema,
} from './devices.ts';
export type {
  Device,
  DeviceAttack,
  DeviceEcu,
  DeviceStatus,
  DeviceInstallationReport,
  DeviceUpdate,
  DeviceUpdateState,
  StoredEvent,
} from './devices.ts';
export { CreateGroupSchema, GroupSchema, type CreateGroup, type Group, type GroupKind } from './groups.ts';
export { SoftwareSchema, UploadSoftwareQuerySchema } from './software.ts';
export type { Software, UploadSoftwareQuery } from './software.ts';
export { CreateUpdateSchema, UpdateSchema } from './updates.ts';
export type { CreateUpdate, Update, UpdateTarget } from './updates.ts';
export {
  CAMPAIGN_STATUSES,
  CampaignDeviceSchema,
  CampaignSchema,
  CampaignStatsSchema,
  CreateCampaignSchema,
  DEVICE_IN_CAMPAIGN_STATES,
} from './campaigns.ts';
export type {
  Campaign,
  CampaignDevice,
  CampaignStats,
  CampaignStatus,
  CreateCampaign,
  DeviceInCampaignState,
} from './campaigns.ts';
export { CreateCredentialsSchema, CredentialsSchema } from './provisioning.ts';
export { CREDENTIALS_ID_HEADER, type CreateCredentials, type Credentials } from './provisioning.ts';
export { HealthSchema, PageQuerySchema, SessionSchema, pageOf } from './common.ts';
export type { Health, PageQuery, Session } from './common.ts';
