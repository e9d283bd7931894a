// What the library tells its application while it works: the original's in-process events with their payloads, typed by one
// union. They are for people and progress bars; what the server must know goes through the report queue. client-features 4.4.
import type { Campaign } from '@ota-connect/contract/device';
import type { CodedError } from '@ota-connect/uptane';
import type { DownloadResult, InstallResult, OfflineCheckResult } from './results.ts';

/** The verb threw this error instead of answering. */
export type Failed = { readonly kind: 'error'; readonly error: CodedError };

export type AktualizrEvent =
  /** All four kinds of device data were offered to the server. */
  | { readonly kind: 'SendDeviceDataComplete' }
  /** `success`: the server took the manifest. */
  | { readonly kind: 'PutManifestComplete'; readonly success: boolean }
  /** `targets`: names of what is to be installed. Not sent while an installation waits for its completion. */
  | {
      readonly kind: 'UpdateCheckComplete';
      readonly targets: readonly string[];
      readonly result: OfflineCheckResult | Failed;
    }
  /** Once for each whole percent (0 to 100) of a target, and at least every 15 s while bytes come. */
  | {
      readonly kind: 'DownloadProgressReport';
      readonly target: string;
      readonly percent: number;
      /** Of the image, those of earlier runs among them; of files only. */
      readonly receivedBytes?: number;
      readonly totalBytes?: number;
      /** The phase of an OSTree pull, in the original's words. */
      readonly text?: string;
    }
  | { readonly kind: 'DownloadTargetComplete'; readonly target: string; readonly success: boolean }
  | {
      readonly kind: 'AllDownloadsComplete';
      readonly success: boolean;
      readonly result: DownloadResult | Failed;
    }
  /** `ecu`: the serial of the ECU that begins. */
  | { readonly kind: 'InstallStarted'; readonly ecu: string; readonly target: string }
  /** Of one ECU; also after the reboot that completed it. */
  | { readonly kind: 'InstallTargetComplete'; readonly ecu: string; readonly success: boolean }
  | {
      readonly kind: 'AllInstallsComplete';
      readonly success: boolean;
      readonly result: InstallResult | Failed;
    }
  /** A look at a version on probation. `detail`: what the health check said. */
  | { readonly kind: 'HealthChecked'; readonly good: boolean; readonly detail: string }
  | { readonly kind: 'CampaignCheckComplete'; readonly campaigns: readonly Campaign[] }
  | { readonly kind: 'CampaignAcceptComplete' | 'CampaignDeclineComplete' | 'CampaignPostponeComplete' }
  /** The installation waits for these ECUs to answer. Said once for each set of them. */
  | { readonly kind: 'SecondariesAwaited'; readonly ecus: readonly string[] };

export type EventKind = AktualizrEvent['kind'];
export type EventOf<K extends EventKind> = Extract<AktualizrEvent, { readonly kind: K }>;
export type EventListener = (event: AktualizrEvent) => void;

/** Hands events to every listener in the order of subscription; a listener that throws is the caller's fault and shows. */
export class EventSink {
  readonly #listeners = new Set<EventListener>();

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: AktualizrEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Every event from now on, until the signal aborts or the loop is left; what is not taken yet waits. */
  async *iterate(signal?: AbortSignal): AsyncGenerator<AktualizrEvent, void, undefined> {
    const waiting: AktualizrEvent[] = [];
    let wake = (): void => undefined;
    const end = this.subscribe((event) => {
      waiting.push(event);
      wake();
    });
    const onAbort = (): void => wake();
    signal?.addEventListener('abort', onAbort);
    try {
      while (signal?.aborted !== true) {
        const next = waiting.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield next;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      end();
    }
  }
}

export function checkComplete(result: OfflineCheckResult | Failed): AktualizrEvent {
  const targets = result.kind === 'updates' || result.kind === 'blocked' ? result.update.targets : [];
  return { kind: 'UpdateCheckComplete', targets: targets.map(({ name }) => name), result };
}

export function downloadsComplete(result: DownloadResult | Failed): AktualizrEvent {
  return { kind: 'AllDownloadsComplete', success: result.kind === 'downloaded', result };
}

export function installsComplete(result: InstallResult | Failed): AktualizrEvent {
  return { kind: 'AllInstallsComplete', success: result.kind === 'installed', result };
}
