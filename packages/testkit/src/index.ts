// What tests stand on: simulators, attacks, fault points and contract suites. No product code imports it.
export { fixedKey, fixedKeys, underKeyId } from './fixed-keys.ts';
export type { TestKey } from './fixed-keys.ts';
export { ManualClock } from './manual-clock.ts';
export { SimulatedMachine } from './simulated-machine.ts';
export type { MachineOptions } from './simulated-machine.ts';
export { MemoryMetadataStore } from './memory-metadata-store.ts';
export { rewrite, SimulatedRepository } from './simulated-repository.ts';
export type {
  Override,
  SimulatedDelegation,
  SimulatedMultiRole,
  SimulatedRole,
} from './simulated-repository.ts';
export { PRIMARY, RepositorySimulator, SECONDARY, SIMULATED_NOW } from './repository-simulator.ts';
export type { Image, SimulatorOptions } from './repository-simulator.ts';
export { SimulatedLockboxes, SimulatedMedium } from './simulated-lockboxes.ts';
export type { SimulatedLockbox } from './simulated-lockboxes.ts';
export { SecondarySimulator } from './secondary-simulator.ts';
export type { SecondaryAnswer, SecondarySimulatorOptions, SecondaryStep } from './secondary-simulator.ts';
export { secondaryContract } from './contracts/secondary.contract.ts';
export type { OpenSecondary, SecondaryPort } from './contracts/secondary.contract.ts';
export { SimulatedTime } from './simulated-time.ts';
export { olpcText } from './olpc.ts';
export { relisted, TUF_KEY_KINDS, tufKey } from './tuf-keys.ts';
export type { TufKey, TufKeyKind } from './tuf-keys.ts';
export { hashesOf, TufRepository } from './tuf-repository.ts';
export type {
  TufBins,
  TufDelegation,
  TufImage,
  TufOverride,
  TufRole,
  TufTargetsRole,
} from './tuf-repository.ts';
export { fileAnswer, notFound, readRequest, sendAnswer } from './http-answers.ts';
export type { Answerer, HttpAnswer, HttpRequest } from './http-answers.ts';
export { FaultPoints, faultyListener, flipBit, PowerCut } from './faults.ts';
export type { FaultPlan, HttpFault } from './faults.ts';
export { serveFolder } from './ostree-server.ts';
export type { ServerIdentity, StaticFault, StaticServer } from './ostree-server.ts';
export { dumpSimulator } from './dump.ts';
export { metadataStoreContract } from './contracts/metadata-store.contract.ts';
export type { OpenStore } from './contracts/metadata-store.contract.ts';
export { packageManagerContract } from './contracts/package-manager.contract.ts';
export type { PackageManagerPort, PackageManagerWorld } from './contracts/package-manager.contract.ts';
export { attacks } from './attacks.ts';
export {
  ALL_SLOTS,
  giveKeys,
  offerDelegated,
  offerFor,
  republish,
  roleAt,
  withMember,
  withNested,
  withSignatures,
} from './attacks/attack.ts';
export type { SimulatedAttack, Slot } from './attacks/attack.ts';
export { offerShared, saysOtherwise, SHARED_IMAGE, withCustom } from './attacks/multi-role.ts';
export type { SharedOffer } from './attacks/multi-role.ts';
export { delegatedHistoryAttacks, prepareDelegatedHistory } from './attacks/history.ts';
export { ATTACKED, lockboxAttacks, newLockbox } from './attacks/lockboxes.ts';
export type { LockboxAttack, LockboxStage } from './attacks/lockboxes.ts';
export {
  bootloaderContract,
  healthContract,
  hooksContract,
  sentinelContract,
} from './contracts/installing.contract.ts';
export type {
  BootloaderPort,
  BootloaderWorld,
  HealthPort,
  HealthWorld,
  HooksPort,
  HooksWorld,
  SentinelPort,
} from './contracts/installing.contract.ts';
export { mediumContract } from './contracts/medium.contract.ts';
