// The only door of the metadata core: the Uptane Standard as code, without IO.
export { CodedError, METADATA_CODES, MetadataError } from './errors.ts';
export { percentEncoded } from './percent-encoding.ts';
export { quoted } from './quoted.ts';
export type { Attack, MetadataCode, Origin, RepositoryName } from './errors.ts';
export {
  parseCorrelationId,
  parseEcuSerial,
  parseHardwareId,
  parseKeyId,
  parseTargetName,
} from './identifiers.ts';
export type { CorrelationId, EcuSerial, HardwareId, KeyId, TargetName } from './identifiers.ts';
export { addSeconds, formatInstant, instantFromMs, instantOfClock, parseInstant } from './time.ts';
export type { Instant } from './time.ts';
export { DEFAULT_LIMITS, TUF_LIMITS } from './limits.ts';
export type { Limits } from './limits.ts';
export { areListed, createHasher, hashBytes, hashesAgree, listedAlgorithms, sha256Hex } from './hashes.ts';
export type { HashAlgorithm, Hasher, Hashes } from './hashes.ts';

export { isJsonObject, jsonObject, member } from './json/value.ts';
export type { JsonObject, JsonValue } from './json/value.ts';
export { parseStrictJson } from './json/strict-json.ts';
export { canonicalBytes, canonicalText } from './json/canonical-json.ts';

export { parsePublicKey } from './keys/public-key.ts';
export type { PublicKey, VerifyingKey } from './keys/public-key.ts';
export { clientKeyId, isSameKey, repositoryKeyId } from './keys/key-id.ts';
export { verifySignature } from './keys/verify-signature.ts';
export type { SignatureText } from './keys/verify-signature.ts';
export { createSigner, signEnvelope } from './keys/signer.ts';
export type { Signer } from './keys/signer.ts';
export { generateKeyPair } from './keys/generate-key-pair.ts';
export type { KeyPair, KeyType } from './keys/generate-key-pair.ts';

export type { Dialect } from './dialect/dialect.ts';
export { TUF_DIALECT } from './dialect/tuf-dialect.ts';
export { UPTANE_DIALECT } from './dialect/uptane-dialect.ts';

export { imagePath, metadataPath, roleTitle } from './metadata/filename.ts';
export type { OfflineRole, StoredRole, TopLevelRole } from './metadata/filename.ts';
export { parseEnvelope } from './metadata/envelope.ts';
export type { DocumentOrigin, Envelope, Signature } from './metadata/envelope.ts';
export type { KeyRing, RoleKeys } from './metadata/common.ts';
export { parseRoot } from './metadata/root.ts';
export type { Root } from './metadata/root.ts';
export type { Listing } from './dialect/listing.ts';
export { parseTimestamp } from './metadata/timestamp.ts';
export type { Timestamp } from './metadata/timestamp.ts';
export { parseSnapshot } from './metadata/snapshot.ts';
export type { Snapshot } from './metadata/snapshot.ts';
export { parseTargets } from './metadata/targets.ts';
export type { Targets } from './metadata/targets.ts';
export type { TargetEntry } from './metadata/target-entry.ts';
export type { TargetTable } from './metadata/target-table.ts';
export type { Delegation, Delegations } from './metadata/delegations.ts';
export { parseRepositoryMapping } from './metadata/repository-mapping.ts';
export type { MappingEntry, RepositoryMapping } from './metadata/repository-mapping.ts';

export { storedSource } from './verify/metadata-source.ts';
export type {
  MetadataFlags,
  MetadataRequest,
  MetadataSource,
  MetadataStore,
  Repository,
} from './verify/metadata-source.ts';
export type {
  InstalledTarget,
  PartialVerdict,
  Vehicle,
  VehicleEcu,
  VerifiedTarget,
  Verdict,
} from './verify/verdict.ts';
export { fullVerification } from './verify/full-verification.ts';
export { offlineVerification, secureImageRoot } from './verify/offline-verification.ts';
export type {
  Lockbox,
  OfflineMedium,
  OfflineVerdict,
  PassedOverLockbox,
} from './verify/offline-verification.ts';
export { storedLockbox } from './verify/offline-store.ts';
export type { LockboxSource, OfflineStore } from './verify/offline-store.ts';
export { checkFirstRoot } from './verify/check-root.ts';
export { refreshRepository } from './verify/refresh-repository.ts';
export type { RefreshedRepository } from './verify/refresh-repository.ts';
export type { MappedRepositories } from './verify/mapped-repositories.ts';
export { partialVerification } from './verify/partial-verification.ts';
export type { PartialOptions } from './verify/partial-verification.ts';
export { bundleSource } from './verify/bundle-source.ts';
export type { MetadataFile } from './verify/bundle-source.ts';
export { metadataForSecondary } from './verify/secondary-metadata.ts';
export type { SecondaryEcu, VerifiedRepositories } from './verify/secondary-metadata.ts';

export { checkAttestedTime, storedAttestedTime, timeUntrusted } from './verify/check-time.ts';
export type { TimeExpectation } from './verify/check-time.ts';
export { timeFloor, trustedTime } from './verify/trusted-time.ts';
export type { KnownTime, TrustedTime } from './verify/trusted-time.ts';

export { ecuVersionReport } from './manifest/ecu-version-report.ts';
export type { EcuVersion, EcuVersionReport, InstalledImage } from './manifest/ecu-version-report.ts';
export { installationReport } from './manifest/installation-report.ts';
export type { InstallationReport, ReportedResult } from './manifest/installation-report.ts';
export { signReport } from './manifest/sign-report.ts';
export {
  parseVehicleManifest,
  readSealedManifest,
  vehicleVersionManifest,
} from './manifest/vehicle-version-manifest.ts';
export type {
  EcuManifest,
  NextVehicleManifest,
  SealedManifest,
  VehicleManifest,
} from './manifest/vehicle-version-manifest.ts';

export { nextRoot } from './build/next-root.ts';
export type { NextRoot } from './build/next-root.ts';
export { nextTargets } from './build/next-targets.ts';
export type { NextTarget, NextTargets } from './build/next-targets.ts';
export { nextSnapshot } from './build/next-snapshot.ts';
export type { FileListing, NextSnapshot } from './build/next-snapshot.ts';
export { nextLockbox, nextOfflineSnapshot } from './build/next-lockbox.ts';
export type { NextLockbox, NextOfflineSnapshot } from './build/next-lockbox.ts';
export { nextTimestamp } from './build/next-timestamp.ts';
export type { NextTimestamp } from './build/next-timestamp.ts';
export { attestedTime, isNonce } from './build/next-time.ts';
export type { NextTime } from './build/next-time.ts';
