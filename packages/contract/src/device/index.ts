// The device gateway's side of the contract. No file below this folder imports a library: it is loaded at every start
// of a device.
export { DEVICE_PATHS, encodeTargetName } from './paths.ts';
export {
  CERTIFICATE_CHAIN_TYPE,
  CERTIFICATE_REQUEST_TYPE,
  MAX_CERTIFICATE_REQUEST_BYTES,
} from './certificate-renewal.ts';
export {
  decodeDeviceRegistration,
  encodeDeviceRegistration,
  type DeviceRegistration,
} from './device-registration.ts';
export {
  decodeEcuRegistration,
  encodeEcuRegistration,
  type EcuKey,
  type EcuRegistration,
  type EcuRegistrationBody,
  type RegisteredEcu,
} from './ecu-registration.ts';
export { decodeCampaigns, encodeCampaigns, type Campaign, type CampaignsBody } from './campaigns.ts';
export {
  CAMPAIGN_DECISIONS,
  DEVICE_EVENT_IDS,
  decodeDeviceEvents,
  type CampaignDecision,
  type DeviceEvent,
  type DeviceEventDetails,
  type DeviceEventId,
} from './events.ts';
export {
  decodeInstalledPackages,
  decodeNetworkInfo,
  type InstalledPackage,
  type NetworkInfo,
} from './device-data.ts';
export { MalformedBodyError } from '../decode.ts';
