// Every bound that keeps an endless or absurd document from costing more than it is worth. Nothing else in the
// core knows such a number. Source: Uptane Standard #check_root and following ("at most X bytes")

export type Limits = {
  /** One Root file. The original stops at 64 KiB. */
  readonly rootBytes: number;
  readonly timestampBytes: number;
  /** An attestation of the time. */
  readonly timeBytes: number;
  /** A Snapshot whose length Timestamp does not list. */
  readonly snapshotBytes: number;
  /** The most that a listed length may allow: Snapshot names every delegated role. */
  readonly listedSnapshotBytes: number;
  /** Per-device Targets; the original refuses more, so a server must never send more. */
  readonly directorTargetsBytes: number;
  /** Top-level and delegated Targets of the Image repository. */
  readonly imageTargetsBytes: number;
  readonly offlineSnapshotBytes: number;
  /** One lockbox: it lists images for every kind of hardware of a fleet. */
  readonly lockboxBytes: number;
  /** Nesting of JSON values; metadata needs about ten. */
  readonly maxDepth: number;
  /** Root versions followed in one cycle; the next cycle goes on from there. */
  readonly rootsPerCycle: number;
  /** Delegated roles on one path below top-level Targets. */
  readonly delegationDepth: number;
  /** Delegated roles visited for one target. */
  readonly delegationVisits: number;
  /** Steps of comparing path patterns, in all searches of one repository and cycle together. */
  readonly searchSteps: number;
  /** Bytes of delegated roles, likewise; two of the largest. What is stored of them is no more. */
  readonly searchBytes: number;
  /** Signatures and keys of delegated roles, likewise. */
  readonly searchChecks: number;
  readonly signaturesPerDocument: number;
};

export const DEFAULT_LIMITS: Limits = {
  rootBytes: 64 * 1024,
  timestampBytes: 64 * 1024,
  timeBytes: 16 * 1024,
  snapshotBytes: 64 * 1024,
  listedSnapshotBytes: 8 * 1024 * 1024,
  directorTargetsBytes: 64 * 1024,
  imageTargetsBytes: 8 * 1024 * 1024,
  offlineSnapshotBytes: 64 * 1024,
  lockboxBytes: 1024 * 1024,
  maxDepth: 64,
  rootsPerCycle: 1000,
  delegationDepth: 32,
  delegationVisits: 200,
  // Each some tenths of a second on a small machine. Honest patterns need a few steps each, honest roles a few kilobytes
  // and two or three signatures.
  searchSteps: 3_000_000,
  searchBytes: 16 * 1024 * 1024,
  searchChecks: 1000,
  signaturesPerDocument: 1000,
};

/** Plain TUF repositories are larger: those of package indexes list some ten thousand files, their Roots many keys. */
export const TUF_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  rootBytes: 512 * 1024,
  snapshotBytes: 2 * 1024 * 1024,
  delegationVisits: 32,
};
