// The doors that an installation goes through besides the package manager: the bootloader, the reboot, the health of the new
// version, and whoever may hold a stage back. ports.ts re-exports them. client-protocol 11; client-features 8, TDX-04, FIO-06.
import type { InstalledVersion } from './ports.ts';
import type { Update } from './update-cycle/states.ts';

/**
 * What counts the boots of a new version and may go back by itself. A failure of its tools is told in the log and never
 * thrown: an update does not fail for it.
 */
export type Bootloader = {
  /** Just before an installation on the Primary: the next boot is one of a version that has yet to prove itself. */
  installing(): Promise<void>;
  /** What runs now is good. Idempotent. */
  good(): Promise<void>;
  /** Whether it went back to the version before since the last `installing`; false when it cannot tell. */
  rolledBack(): Promise<boolean>;
};

/**
 * The reboot that an installation needs, and the file by which integrators learn of it. The file is a sign for others: we go
 * by the boot id, so that failures are told in the log and never thrown.
 */
export type RebootSentinel = {
  /** Milliseconds since the boot, sleep included where the system knows it. */
  uptimeMs(): number;
  /** Makes the file. Idempotent. */
  announce(): void;
  /** Removes it. Idempotent. */
  withdraw(): void;
  isAnnounced(): boolean;
  /** Writes everything to the disk and starts the reboot. Answers undefined when it is on its way, else why not. */
  reboot(): Promise<string | undefined>;
};

/** The original's table need_reboot: set from the installation to its completion, so that either client can take over. */
export type RebootStore = {
  isNeeded(): boolean;
  setNeeded(isNeeded: boolean): void;
};

export const STAGES = ['check', 'download', 'install', 'reboot', 'finalize'] as const;
export type Stage = (typeof STAGES)[number];

/** What is known when a stage begins. */
export type StageFacts = {
  readonly update?: Update;
  /** What runs on the Primary. */
  readonly current?: InstalledVersion;
};

/** How a stage ended. `outcome`: the word for it, as results have them, or a result code of an installation. */
export type StageEnd = { readonly success: boolean; readonly outcome: string; readonly detail: string };

/** The integrator's say in each stage. Never throws; what it cannot find out holds the stage back. */
export type Hooks = {
  before(
    stage: Stage,
    facts: StageFacts,
    signal: AbortSignal,
  ): Promise<'go' | { readonly postponed: string }>;
  /** Decides nothing. */
  after(stage: Stage, facts: StageFacts, end: StageEnd): Promise<void>;
};

/** Whether what runs now is good, asked once. Never throws but for an abort; what cannot be asked is not good. */
export type Health = {
  /** `detail`: one line for people, at most 200 characters. */
  isGood(signal: AbortSignal): Promise<{ readonly good: boolean; readonly detail: string }>;
};

/** A lock that applications of the device hold while nothing may be downloaded or installed. */
export type UpdateLock = {
  /** Idempotent while taken. */
  take(): Promise<'taken' | { readonly postponed: string }>;
  release(): void;
};
