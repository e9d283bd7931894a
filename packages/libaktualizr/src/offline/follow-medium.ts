// The daemon's other loop: whenever a medium appears, one cycle from it. A copy that broke off is tried again while the
// medium is there; else the next time that it is inserted. client-protocol 12.3 step 1, 12.4
import type { Aktualizr } from '../aktualizr.ts';
import { identityOf, watchMedium } from '../adapters/files/watch-medium.ts';
import type { OfflineCycleResult } from '../results.ts';

export type FollowOptions = {
  /** uptane.offline_updates_source */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onCycle: (result: OfflineCycleResult) => void | Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
  readonly restMs?: number;
  readonly retryMs?: number;
};

const RETRY_MS = 60_000;

/** Returns at once; ends with the signal. */
export function followMedium(aktualizr: Pick<Aktualizr, 'uptaneCycleOffline'>, options: FollowOptions): void {
  const { directory, signal, onCycle, onError, retryMs = RETRY_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    try {
      const result = await aktualizr.uptaneCycleOffline(directory, { signal });
      if (signal.aborted) return;
      const isBroken = result.download?.kind === 'failed' && !result.download.reported;
      const isHeld = [result.check, result.download, result.install].some((one) => one?.kind === 'postponed');
      if (isBroken || isHeld) timer = setTimeout(again, retryMs);
      await onCycle(result);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  };
  const again = () => {
    if (identityOf(directory) !== undefined) void run();
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  watchMedium(directory, { ...options, onAppear: () => void run() });
}
