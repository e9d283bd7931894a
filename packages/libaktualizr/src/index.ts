// The library's door: what an application that is a device client needs, and what one that brings its own package manager,
// signer or Secondaries needs besides. It is all that the published package has.
export { createAktualizr } from './create-aktualizr.ts';
export type { AktualizrOptions, PackageManagerFactory, PrimarySigner } from './wiring/options.ts';
export {
  Aktualizr,
  type CycleOptions,
  type DeviceStatus,
  type OfflineOptions,
  type RunOptions,
} from './aktualizr.ts';
export type { AktualizrPorts } from './aktualizr-context.ts';
export { runForever, type LoopEnd, type LoopOptions } from './run-forever.ts';
export { followMedium, type FollowOptions } from './offline/follow-medium.ts';
export { PollingControl } from './polling/polling-control.ts';
export { pollingSettings, type PollingSettings } from './polling/polling-settings.ts';
export { AbortedError, type VerbOptions } from './command-queue.ts';

export type { AktualizrEvent, EventKind, EventListener, EventOf, Failed } from './events.ts';
export type {
  CampaignControlResult,
  CheckResult,
  CompletionResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  OfflineCheckResult,
  OfflineCycleResult,
  OnProbation,
  Pending,
  Postponed,
  Refused,
} from './results.ts';
export {
  ConfigError,
  InstallError,
  ProvisioningError,
  SecondaryError,
  StorageError,
  TokenError,
  TransportError,
} from './errors.ts';
export { describeRefusal } from './reports/attacks.ts';

export {
  loadConfig,
  type ConfigOverrides,
  type ConfigSources,
  type LoadedConfig,
} from './config/load-toml.ts';
export { defaultConfig } from './config/defaults.ts';
export type { Config } from './config/config.ts';
export type { ConfigWarning } from './config/warnings.ts';

export type {
  Clock,
  DeviceInstallationResult,
  EcuIdentity,
  EcuInstallationResult,
  FetchProgress,
  InstallationResult,
  InstalledVersion,
  PackageManager,
  Secondary,
  SecondaryIdentity,
  SecondaryImage,
  StoredImage,
} from './ports.ts';
export { createImageFiles, type ImageFiles } from './adapters/package-managers/image-files.ts';
export type { PackageManagerOptions } from './adapters/package-managers/select.ts';
export type { SecondaryInfo } from './secondaries/secondary-info.ts';
export type { DeviceDataSource, Log } from './steps/context.ts';
export type { CycleState, KnownUpdate, StoredTarget, Trial, Update } from './update-cycle/states.ts';
export { describeTransitions } from './update-cycle/describe.ts';

export type { Campaign, CampaignDecision } from '@ota-connect/contract/device';
export { RESULT_CODES, type ResultCode } from '@ota-connect/contract';
export {
  areListed,
  bundleSource,
  clientKeyId,
  CodedError,
  createHasher,
  createSigner,
  ecuVersionReport,
  fullVerification,
  generateKeyPair,
  hashBytes,
  hashesAgree,
  MetadataError,
  parseEcuSerial,
  parseHardwareId,
  parsePublicKey,
  partialVerification,
  signReport,
  type EcuSerial,
  type EcuVersion,
  type HardwareId,
  type Hashes,
  type Instant,
  type JsonObject,
  type JsonValue,
  type KeyPair,
  type KeyType,
  type MetadataFile,
  type MetadataStore,
  type PublicKey,
  type Signer,
  type VehicleEcu,
  type VerifiedTarget,
} from '@ota-connect/uptane';
