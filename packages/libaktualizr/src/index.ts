// The library's door: the verbs, their results and the wiring that an application needs.
export { createAktualizr } from './create-aktualizr.ts';
export type { AktualizrOptions, PackageManagerFactory } from './wiring/options.ts';
export { Aktualizr, type AktualizrPorts } from './aktualizr.ts';
export { runForever, type LoopEnd, type LoopOptions } from './run-forever.ts';
export { PollingControl } from './polling/polling-control.ts';
export { pollingSettings, type PollingSettings } from './polling/polling-settings.ts';
export { AbortedError } from './command-queue.ts';
export type { AktualizrEvent, EventListener } from './events.ts';
export type {
  CampaignControlResult,
  CheckResult,
  CycleResult,
  DownloadResult,
  InstallResult,
} from './results.ts';
export { ConfigError, InstallError, ProvisioningError, StorageError, TransportError } from './errors.ts';
export { describeRefusal } from './reports/attacks.ts';
export type { DeviceDataSource, Log } from './steps/context.ts';
export type { CycleState, StoredTarget, Update } from './update-cycle/states.ts';
export { describeTransitions } from './update-cycle/describe.ts';
