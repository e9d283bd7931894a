// What each verb of the library returns. Outcomes are answers; a server that cannot be reached, a full disk or a defect is
// thrown instead. `error` in an outcome is what the server has been told of, or will be.
import type { CodedError, MetadataError } from '@ota-connect/uptane';
import type { Campaign } from '@ota-connect/contract/device';
import type { DeviceInstallationResult } from './ports.ts';
import type { Update } from './update-cycle/states.ts';
import type { Postponer } from './update-cycle/transitions.ts';

export type Refused = { readonly kind: 'refused'; readonly error: MetadataError };
/** An installation waits for a reboot; nothing else is done before. `rollsBack`: it is the version before that will boot. */
export type Pending = { readonly kind: 'pending'; readonly update: Update; readonly rollsBack?: true };
/** Installed, and called good or rolled back within the grace period; nothing else is done before. */
export type OnProbation = { readonly kind: 'on_probation'; readonly update: Update };
/** Somebody on the device holds the stage back; the next poll asks again. `reason`: one line from them. */
export type Postponed = { readonly kind: 'postponed'; readonly reason: string; readonly by: Postponer };

export type CheckResult =
  | { readonly kind: 'nothing_new' }
  | { readonly kind: 'updates'; readonly update: Update }
  /** Failed too often under this correlation ID; left alone until the server sends another. */
  | { readonly kind: 'blocked'; readonly update: Update }
  | Refused
  | Postponed
  | OnProbation
  | Pending;

export type DownloadResult =
  | { readonly kind: 'downloaded'; readonly update: Update }
  | { readonly kind: 'nothing_to_do' }
  /** `reported`: the attempts are used up or the fault cannot mend itself; otherwise the next download goes on. */
  | { readonly kind: 'failed'; readonly error: CodedError; readonly reported: boolean }
  | Refused
  | Postponed
  | OnProbation
  | Pending;

export type InstallResult =
  | { readonly kind: 'installed'; readonly update: Update; readonly result: DeviceInstallationResult }
  | { readonly kind: 'failed'; readonly update: Update; readonly result: DeviceInstallationResult }
  | { readonly kind: 'needs_completion'; readonly update: Update; readonly rollsBack?: true }
  | {
      readonly kind: 'image_not_usable';
      readonly target: string;
      readonly reason: 'missing' | 'incomplete' | 'tampered';
    }
  | { readonly kind: 'nothing_to_do' }
  | Refused
  | Postponed
  | OnProbation
  | Pending;

export type CycleResult = {
  readonly check: CheckResult;
  readonly download?: DownloadResult;
  readonly install?: InstallResult;
  /** Whether the server has the result of this cycle. */
  readonly reported: boolean;
};

export type CompletionResult =
  | { readonly kind: 'nothing_to_do' }
  /** On its way, or only played by the package manager `none`: the next start completes the installation. */
  | { readonly kind: 'rebooting' }
  | { readonly kind: 'failed'; readonly detail: string }
  | Postponed;

/** `no_lockbox`: nothing that could be one lies there. `nothing_new`: what lies there was installed before. */
export type OfflineCheckResult = CheckResult | { readonly kind: 'no_lockbox' };

/** The report travels with the next manifest. */
export type OfflineCycleResult = {
  readonly check: OfflineCheckResult;
  readonly download?: DownloadResult;
  readonly install?: InstallResult;
};

export type CampaignControlResult =
  | { readonly kind: 'sent'; readonly campaignId: string }
  /** Stored, and sent with the next command; `error` says why the server could not be asked. */
  | { readonly kind: 'queued'; readonly campaignId: string; readonly error?: CodedError }
  | { readonly kind: 'no_such_campaign'; readonly campaignId: string; readonly offered: readonly Campaign[] };
