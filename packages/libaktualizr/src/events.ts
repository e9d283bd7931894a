// What the library tells its application while it works: the original's in-process events, typed by one union.
// They are for people and progress bars; what the server must know goes through the report queue. client-features 4.4.
import type { Campaign } from '@ota-connect/contract/device';

export type AktualizrEvent =
  | { readonly kind: 'SendDeviceDataComplete' }
  | { readonly kind: 'PutManifestComplete'; readonly success: boolean }
  | { readonly kind: 'UpdateCheckComplete'; readonly targets: readonly string[] }
  | { readonly kind: 'DownloadProgressReport'; readonly target: string; readonly percent: number }
  | { readonly kind: 'DownloadTargetComplete'; readonly target: string; readonly success: boolean }
  | { readonly kind: 'AllDownloadsComplete'; readonly success: boolean }
  | { readonly kind: 'InstallStarted'; readonly ecu: string; readonly target: string }
  | { readonly kind: 'InstallTargetComplete'; readonly ecu: string; readonly success: boolean }
  | { readonly kind: 'AllInstallsComplete'; readonly success: boolean }
  | { readonly kind: 'CampaignCheckComplete'; readonly campaigns: readonly Campaign[] }
  | { readonly kind: 'CampaignAcceptComplete' | 'CampaignDeclineComplete' | 'CampaignPostponeComplete' };

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
}
