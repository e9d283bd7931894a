// What the daemon does with media that are inserted: an update from each, told as those of a poll are; what it brought is
// reported as soon as the server can be reached, and a reboot that it needs is made where that is configured.
// client-features TDX-01, TDX-02; docs/guides/offline-updates.md
import { followMedium, TransportError, type Aktualizr, type PollingControl } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { tellOffline } from '../commands/offline.ts';
import type { Output } from '../output.ts';

export type MediaParts = {
  readonly aktualizr: Aktualizr;
  readonly config: () => Config;
  readonly output: Output;
  readonly polling: PollingControl;
};

/** Answers how to end it. */
export function followMedia({ aktualizr, config, output, polling }: MediaParts): () => void {
  const { enableOfflineUpdates, offlineUpdatesSource: directory } = config().uptane;
  const ending = new AbortController();
  const end = () => ending.abort();
  if (!enableOfflineUpdates) return end;
  /** By a poll; where nobody polls, by itself, as far as there is a network. */
  const report = async (): Promise<void> => {
    if (config().uptane.enableOnlineUpdates) return polling.pollNow();
    try {
      await aktualizr.sendManifest(undefined, { signal: ending.signal });
      await aktualizr.flushReports({ signal: ending.signal });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      output.log('info', `The report waits for the network: ${error.message}`);
    }
  };
  output.print(`Waiting for lockboxes in ${directory}.`);
  followMedium(aktualizr, {
    directory,
    signal: ending.signal,
    async onCycle(result) {
      output.log('info', `A medium was found in ${directory}.`);
      tellOffline(output, result);
      const { install } = result;
      if (install?.kind === 'installed' || install?.kind === 'failed') await report();
      if (install?.kind === 'needs_completion' && config().uptane.forceInstallCompletion)
        await aktualizr.completeInstallation({ signal: ending.signal });
    },
    onError: (error) => output.fail(error),
  });
  return end;
}
