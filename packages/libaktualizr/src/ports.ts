// The doors of the device library: what the update cycle needs from the world, in its own words.
// Two implementations of each run in this repository (the adapter and a simulator of the testkit);
// each has a contract suite in testkit/src/contracts. Signer, MetadataSource and MetadataStore are uptane's.
import type {
  CorrelationId,
  EcuSerial,
  Hashes,
  HardwareId,
  Instant,
  JsonObject,
  LockboxSource,
  MetadataSource,
  MetadataStore,
  OfflineStore,
  PublicKey,
  VerifiedTarget,
} from '@ota-connect/uptane';
import type { Campaign, DeviceEvent, EcuRegistration } from '@ota-connect/contract/device';
import type { ResultCode } from '@ota-connect/contract';
import type { RebootStore } from './installing-ports.ts';
import type { SecondaryStore } from './secondary-port.ts';
import type { CycleState } from './update-cycle/states.ts';

export type {
  Bootloader,
  Health,
  Hooks,
  RebootSentinel,
  RebootStore,
  Stage,
  StageEnd,
  StageFacts,
  UpdateLock,
} from './installing-ports.ts';
export type {
  Secondary,
  SecondaryIdentity,
  SecondaryImage,
  SecondaryStore,
  StoredSecondary,
} from './secondary-port.ts';

/** What is installed on an ECU, as the installation log knows it. */
export type InstalledVersion = {
  readonly ecuSerial: EcuSerial;
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  /** No metadata listed its SHA-256, which was found over its bytes. */
  readonly ownSha256?: true;
  readonly correlationId: string;
  readonly customMeta: JsonObject;
};

/** Result of an installation on one ECU or on the device. `description` is for people. */
export type InstallationResult = {
  readonly success: boolean;
  /** One of RESULT_CODES, or an integrator's own text, or the `hwid:CODE|…` list of several ECUs. */
  readonly code: ResultCode | (string & {});
  readonly description: string;
};

export type DeviceInstallationResult = InstallationResult & {
  readonly rawReport: string;
  readonly correlationId: string;
  /** What it was made from, as a verb answers it; the storage has these in a table of their own. */
  readonly ecus?: readonly EcuInstallationResult[];
};

/** `ecu`: its serial. */
export type EcuInstallationResult = { readonly ecu: EcuSerial; readonly result: InstallationResult };

/** An ECU that the device has registered (or is about to). */
export type EcuIdentity = {
  readonly serial: EcuSerial;
  readonly hardwareId: HardwareId;
  readonly isPrimary: boolean;
};

export type TlsCredentials = {
  /** PEM, one or more certificates. */
  readonly ca: string;
  /** PEM, leaf first. */
  readonly certificate: string;
  /** PEM. Empty when the key is in a token, which it never leaves. */
  readonly privateKey: string;
  readonly keyInToken?: KeyInToken;
};

/** How TLS reaches a key in a PKCS#11 token that this process has logged in to. Holds no secret. */
export type KeyInToken = {
  /** Name of OpenSSL's engine. */
  readonly engine: string;
  /** `pkcs11:` URI (RFC 7512), without the PIN. */
  readonly identifier: string;
};

/** `system_info`, `core/installed`, `system_info/network`, `system_info/config`: the original's order. */
export type DeviceDataKind = 'hardware_info' | 'installed_packages' | 'network_info' | 'configuration';

/**
 * The device gateway over mutual TLS. Every call may block on the network and throws TransportError
 * (`unreachable`, `tls_refused`, `http_status` with the status, `too_slow`, `truncated`).
 * All are safe to repeat; nothing here is durable on our side.
 */
export type Gateway = {
  /** Shared credentials → PKCS#12 bytes (empty password). Throws ProvisioningError on a refusal. */
  registerDevice(deviceId: string): Promise<Uint8Array>;
  registerEcus(registration: EcuRegistration): Promise<void>;
  /** PKCS#10 request in DER → the new certificate as PEM, leaf first; undefined from a server that renews none. */
  renewCertificate(request: Uint8Array): Promise<string | undefined>;
  putManifest(manifest: Uint8Array): Promise<void>;
  /** What the Director attests for this nonce; `absent` when it attests nothing. */
  attestedTime(nonce: string): Promise<Uint8Array | 'absent'>;
  campaigns(): Promise<readonly Campaign[]>;
  /** Answers what the queue has to do with the batch; other failures throw. */
  postEvents(events: readonly DeviceEvent[]): Promise<'accepted' | 'not_supported' | 'too_large'>;
  sendDeviceData(kind: DeviceDataKind, body: JsonObject | readonly JsonObject[] | string): Promise<void>;
};

/** Progress of one transfer, in bytes of the whole image, or in objects of an OSTree commit; `text` names the phase. */
export type FetchProgress = (received: number, total: number, text?: string) => void;

/** Images on a removable medium: files by the names of their targets, and below `ostree` a repository. */
export type ImageMedium = { readonly directory: string; readonly imagesDirectory: string };

/** What lies on a removable medium. What cannot be read throws TransportError `unreachable`. */
export type Medium = {
  readonly directorRoots: MetadataSource;
  readonly lockboxes: LockboxSource;
  readonly image: MetadataSource;
  readonly images: ImageMedium;
};

/** Media that anybody may have written: no name leads out of the directory, no symbolic link is followed. */
export type Media = { open(directory: string): Medium };

/**
 * Stores and installs images on the Primary. `fetch` resumes what an earlier call left, verifies every listed hash while
 * streaming and is durable when it returns; it throws TransportError or InstallError (`no_space`, `rejected_format`)
 * or MetadataError (`TargetHashMismatch`, `OversizedTarget`, `UndersizedTarget`).
 */
export type PackageManager = {
  readonly name: string;
  /** What runs now on the Primary; undefined when nothing is known. */
  current(): Promise<InstalledVersion | undefined>;
  installedPackages(): Promise<readonly { readonly name: string; readonly version: string }[]>;
  fetch(
    target: VerifiedTarget,
    onProgress: FetchProgress,
    signal: AbortSignal,
    /** Where the image is taken from, in place of the network. */
    medium?: ImageMedium,
  ): Promise<'fetched' | 'already_there'>;
  /** Whether the stored image is the signed one; hashes what this process has not hashed already; no network. */
  verify(target: VerifiedTarget): Promise<'verified' | 'missing' | 'incomplete' | 'tampered'>;
  /** The hashes that `fetch` or `verify` found of the stored image, SHA-256 among them; hashes nothing. */
  found(target: VerifiedTarget): Hashes | undefined;
  /**
   * Only what `fetch` or `verify` found to be right and nobody has touched since: InstallError otherwise. Idempotent:
   * installing what is installed is ALREADY_PROCESSED.
   */
  install(target: VerifiedTarget): Promise<InstallationResult>;
  /** It only plays a reboot: the sentinel file that goes stands for one. */
  readonly simulatesReboot?: boolean;
  /** After a reboot: did the pending version come up? Asked again after each boot in which it is not called good yet. */
  finalize(target: VerifiedTarget): Promise<InstallationResult>;
  /**
   * Returns from `target` to the version before it: OK when that runs, NEED_COMPLETION when it will after a reboot.
   * Idempotent: after a power cut it is asked again, also when what runs or boots next is that version already.
   */
  rollback?(target: VerifiedTarget): Promise<InstallationResult>;
};

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets; `performance.now` when absent. */
  monotonic?(): number;
  /** Resolves after `ms` or rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
};

/** Device id, ECUs and keys. Writes are durable when they return. StorageError on failure; so for all stores below. */
export type IdentityStore = {
  deviceId(): string | undefined;
  /** Storing an id resets the registration, as the original does. `undefined` forgets a refused random id. */
  saveDeviceId(id: string | undefined): void;
  isRegistered(): boolean;
  /** Primary first. Empty before the first registration. */
  ecus(): readonly EcuIdentity[];
  /** In one transaction: the ECU list, misconfigured ones, is_registered = 1, report counter created at 0. */
  saveRegistration(ecus: readonly EcuIdentity[]): void;
  /** `privateKey` is empty when the key is in a token. */
  primaryKey(): { readonly publicKey: PublicKey; readonly privateKey: string } | undefined;
  savePrimaryKey(publicKey: PublicKey, privateKey: string): void;
};

export type CredentialStore = {
  /** undefined while a part is missing. */
  tls(): TlsCredentials | undefined;
  /** What there is of it. */
  parts(): Partial<TlsCredentials>;
  /** Parts that are missing or empty are kept elsewhere, in a token. */
  saveTls(credentials: Partial<TlsCredentials>): void;
};

export type InstallationStore = {
  current(ecu: EcuSerial): InstalledVersion | undefined;
  pending(ecu: EcuSerial): InstalledVersion | undefined;
  /** `installing`: row without flags (before the act); `current`, `pending`: flags set. One row per image and name when newest. */
  save(version: InstalledVersion, state: 'installing' | 'current' | 'pending'): void;
  /** Only really installed versions, oldest first. */
  log(ecu: EcuSerial): readonly InstalledVersion[];
  /** Sum of the unsent results: device and per ECU; undefined when nothing awaits upload. */
  results(): {
    readonly device: DeviceInstallationResult | undefined;
    readonly ecus: ReadonlyMap<EcuSerial, InstallationResult>;
  };
  saveEcuResult(ecu: EcuSerial, result: InstallationResult): void;
  saveDeviceResult(result: DeviceInstallationResult): void;
  /** After the server took the manifest. */
  clearResults(): void;
};

export type ReportStore = {
  /** Increments and returns the Primary's counter; durable before it returns. */
  nextReportCounter(ecu: EcuSerial): number;
  enqueue(event: DeviceEvent): void;
  /** Oldest first, at most `limit`. */
  queued(limit: number): readonly { readonly id: number; readonly event: DeviceEvent }[];
  remove(ids: readonly number[]): void;
  /** Upper-case hex SHA-256 of what was sent last. */
  sentHash(kind: DeviceDataKind): string | undefined;
  saveSentHash(kind: DeviceDataKind, hash: string): void;
};

/** One row: the state of the update cycle (update-cycle/states.ts), saved before its command runs. */
export type CycleStore = {
  /** `Idle` when there is none, or one that cannot be read. */
  load(): CycleState;
  /** Durable when it returns, but for `Checking`: a restart may find the state before it, which is where it would go back to. */
  save(state: CycleState): void;
  /** Whether a state lies there that cannot be read: damaged, or of a later version. */
  isUnreadable(): boolean;
  /** The refusal of metadata that the server has been told of, so that each poll does not tell it again. */
  toldRefusal(): string | undefined;
  /** `undefined`: the next one is told, whichever it is. */
  saveToldRefusal(refusal: string | undefined): void;
  /** Attempts of a target under one correlation ID, counted across restarts. */
  attempts(targetSha256: string, correlationId: CorrelationId | ''): number;
  countAttempt(targetSha256: string, correlationId: CorrelationId | ''): number;
};

/** A refusal or a slow transfer, in the words in which the Director hears of it: `rollback: Rollback …`. */
export type AttackRecord = {
  readonly id: number;
  readonly text: string;
  /** Milliseconds since the epoch, by the device's clock. */
  readonly at: number;
};

/** Of what: metadata that are verified, or images that are fetched. */
export type AttackSubject = 'metadata' | 'image';

/**
 * What looked like an attack and the Director has yet to hear of. Bounded: what comes while too much waits is left out,
 * and recorded when it is seen again.
 */
export type AttackStore = {
  /**
   * The same text is recorded once, told or not, until its subject has passed. Durable when it returns; answers whether
   * it was new.
   */
  record(attack: {
    readonly text: string;
    readonly at: number;
    /** `metadata` when absent. */
    readonly subject?: AttackSubject;
  }): boolean;
  /** Oldest first. */
  pending(): readonly AttackRecord[];
  /** A server has taken a manifest that carried these. */
  clear(told: readonly AttackRecord[]): void;
  /** All went well with that subject: what was told of it is news when it happens again. */
  passed(subject: AttackSubject): void;
};

/** What is known of the time over restarts. */
export type TimeStore = {
  /** The last one, as it was received: it counts as long as today's keys stand behind it. */
  attestation(): Uint8Array | undefined;
  /** The time that was attested before that one. */
  previousAttested(): Instant | undefined;
  /** In one: `time` is what it attests, and `verified` is no later from now on. */
  saveAttestation(received: Uint8Array, times: { readonly time: Instant; readonly previous?: Instant }): void;
  /** The latest time under which metadata held, as far as no attestation has overruled it. */
  verified(): Instant | undefined;
  /** Never lowers it. */
  saveVerified(at: Instant): void;
};

/** Which file of images_path holds which target: the original's table target_images. */
export type ImageStore = {
  fileName(targetName: string): string | undefined;
  /** In the order in which they were stored. */
  all(): readonly { readonly targetName: string; readonly fileName: string }[];
  saveFileName(targetName: string, fileName: string): void;
  remove(targetName: string): void;
};

/** The images that lie on the Primary, whole or not, for whichever ECU. Blocks on the disk; StorageError. */
export type StoredImages = {
  all(): readonly StoredImage[];
  /** From byte `offset`; undefined when there is none. */
  open(targetName: string, offset?: number): AsyncIterable<Uint8Array> | undefined;
  /** Whether there was one. */
  remove(targetName: string): boolean;
  /** Removes every image, and every part of one, but those with these hashes; answers the names of the files. */
  keepOnly(wanted: readonly Hashes[]): readonly string[];
};

/** What may be changed of the network while the client runs; both count from then on, also for transfers under way. */
export type Network = {
  /** `http://HOST:PORT`, for what is connected from now on; undefined: the configured one again. @throws ConfigError */
  useProxy(
    proxy: { readonly url: string; readonly user?: string; readonly password?: string } | undefined,
  ): void;
  /** Of all transfers of images together; 0: no limit. */
  setDownloadBandwidth(bytesPerSecond: number): void;
};

/** `name`: of the target that it was fetched for. */
export type StoredImage = { readonly name: string; readonly lengthBytes: number };

/** ETags of the last answers, so that a poll can ask conditionally. Losing them costs bytes, never correctness. */
export type EtagStore = {
  load(key: string): string | undefined;
  save(key: string, etag: string): void;
};

/** Everything durable, in one SQLite file of the original's schema 25. Synchronous on purpose: every write is on disk when it returns. */
export type Storage = {
  readonly identity: IdentityStore;
  readonly credentials: CredentialStore;
  readonly metadata: {
    readonly director: MetadataStore;
    readonly image: MetadataStore;
    /** Of a repository besides these two, by its name in the repository mapping. */
    readonly further: (name: string) => MetadataStore;
  };
  /** What was verified of media; Roots are those of `metadata`. */
  readonly offline: { readonly documents: OfflineStore; readonly image: MetadataStore };
  readonly installations: InstallationStore;
  readonly reports: ReportStore;
  readonly cycle: CycleStore;
  readonly images: ImageStore;
  readonly secondaries: SecondaryStore;
  readonly reboot: RebootStore;
  readonly etags: EtagStore;
  readonly attacks: AttackStore;
  readonly time: TimeStore;
  /** All or nothing; nested calls join the outer transaction. */
  transaction<T>(work: () => T): T;
  /** Leaves a single file behind. */
  close(): void;
};
