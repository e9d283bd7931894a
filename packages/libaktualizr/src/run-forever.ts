// The daemon's loop: device data until the server has them, then one update cycle after each pause. A cycle that fails,
// for whatever reason, is told and the loop goes on: what a server sent once ends no device. It ends when asked to, or when an installation needs the reboot that the caller may trigger.
// client-protocol 6.2.
import type { Aktualizr } from './aktualizr.ts';
import type { Clock } from './ports.ts';
import type { CycleResult } from './results.ts';

export type LoopOptions = {
  readonly clock: Clock;
  readonly pollingMs: number;
  readonly signal: AbortSignal;
  readonly onCycle: (result: CycleResult) => void;
  readonly onError: (error: unknown) => void;
  /** uptane.force_install_completion */
  readonly endWhenRebootNeeded: boolean;
};

/** Resolves when the signal aborts (`stopped`) or a reboot is due. */
export async function runForever(
  aktualizr: Aktualizr,
  options: LoopOptions,
): Promise<'stopped' | 'reboot_needed'> {
  const { clock, pollingMs, signal, onCycle, onError, endWhenRebootNeeded } = options;
  let hasSentData = false;
  while (!signal.aborted) {
    try {
      if (!hasSentData) hasSentData = await aktualizr.sendDeviceData();
      const result = await aktualizr.uptaneCycle();
      onCycle(result);
      if (endWhenRebootNeeded && result.install?.kind === 'needs_completion') return 'reboot_needed';
      await aktualizr.flushReports();
    } catch (error) {
      if (signal.aborted) break;
      onError(error);
    }
    await pauseUnlessStopped(clock, pollingMs, signal);
  }
  return 'stopped';
}

async function pauseUnlessStopped(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
