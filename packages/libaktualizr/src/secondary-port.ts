// The door to another ECU of the vehicle, behind the Primary: what the update cycle asks of a Secondary, whatever lies
// between them (a bus, the IP protocol, a function call). client-features 4.2 IFC-01; client-protocol 6.6, 7.3.
import type { EcuSerial, HardwareId, MetadataFile, PublicKey, VerifiedTarget } from '@ota-connect/uptane';
import type { InstallationResult } from './ports.ts';

/** Who a Secondary is. Registered at the server with the first contact, and anew when serial or hardware id change. */
export type SecondaryIdentity = {
  /** Unique in the vehicle; at most 64 characters. */
  readonly serial: EcuSerial;
  readonly hardwareId: HardwareId;
  /** Its ECU version reports are signed with it. */
  readonly publicKey: PublicKey;
  /** A word for the kind of connection, kept in the storage: `IP`, `virtual`, an integrator's own. */
  readonly type: string;
  /** `partial`: it gets the Director's metadata alone, and no Image repository. */
  readonly verification: 'full' | 'partial';
};

/** The image for a Secondary, as it lies on the Primary, every listed hash of it found to be right. */
export type SecondaryImage = {
  readonly lengthBytes: number;
  /** Each call reads it anew, from byte `offset`. @throws StorageError while it is read */
  open(offset?: number): AsyncIterable<Uint8Array>;
};

/**
 * Another ECU. Every call may block on it, ends when the signal aborts, and is safe to repeat: after a power cut the Primary
 * starts the installation from its beginning. A Secondary that cannot be spoken to throws SecondaryError `unreachable`;
 * what it answers, a refusal included, is returned, and reported to the server in its own words. Any other error counts as
 * an INTERNAL_ERROR of this ECU and stops no other.
 */
export type Secondary = {
  readonly identity: SecondaryIdentity;
  /** Whether it is there; never throws for one that is not. */
  ping(signal: AbortSignal): Promise<boolean>;
  /** Its ECU version report as it stands now, in the signed envelope, as JSON bytes: what it runs, signed with its key. */
  manifest(signal: AbortSignal): Promise<Uint8Array>;
  /** The version of the Root that it trusts; 0: it has none, or cannot say. */
  rootVersion(repository: string, signal: AbortSignal): Promise<number>;
  /** A Root between the one that it trusts and the newest; they come one after the other. */
  putRoot(repository: string, root: Uint8Array, signal: AbortSignal): Promise<InstallationResult>;
  /**
   * The files that it verifies, Roots first, for `director` and, with full verification, `image`. OK means that it
   * accepted them as they are; nothing else has happened yet.
   */
  putMetadata(files: readonly MetadataFile[], signal: AbortSignal): Promise<InstallationResult>;
  /**
   * Takes the image in and keeps it beside the one that runs; ALREADY_PROCESSED when it has it. `image` is undefined for an
   * OSTree commit, which the Secondary pulls itself.
   */
  sendImage(
    target: VerifiedTarget,
    image: SecondaryImage | undefined,
    signal: AbortSignal,
  ): Promise<InstallationResult>;
  /** Installs what it took in. NEED_COMPLETION: done when its report names the image. */
  install(target: VerifiedTarget, signal: AbortSignal): Promise<InstallationResult>;
};

/** A Secondary as the storage knows it. */
export type StoredSecondary = {
  readonly serial: EcuSerial;
  readonly type: string;
  readonly publicKey: PublicKey | undefined;
  /** What its driver keeps here: `{"ip":"10.0.0.7","port":9030}`. */
  readonly data: string | undefined;
};

/** The original's table secondary_ecus. */
export type SecondaryStore = {
  all(): readonly StoredSecondary[];
  /** Those that are registered now; what is known of the others is forgotten, data and manifests of these are kept. */
  saveRegistered(identities: readonly SecondaryIdentity[]): void;
  saveData(serial: EcuSerial, data: string): void;
  /** The last report that was verified. */
  manifest(serial: EcuSerial): Uint8Array | undefined;
  saveManifest(serial: EcuSerial, manifest: Uint8Array): void;
};
