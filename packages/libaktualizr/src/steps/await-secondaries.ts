// Waits until every Secondary that is to be updated answers, at most as long as uptane.secondary_preinstall_wait_sec says; an
// abort ends the wait at once. client-protocol 6.6 step 3; client-features W-48.
import type { EcuSerial } from '@ota-connect/uptane';
import type { InstallationResult } from '../ports.ts';
import { askSecondaries, failuresIn } from './ask-secondaries.ts';
import type { StepContext } from './context.ts';
import type { Assigned } from './ecu-outcome.ts';

const PAUSE_MS = 1000;

/** Answers who does not answer. */
export async function awaitSecondaries(
  context: StepContext,
  assigned: readonly Assigned[],
  signal: AbortSignal,
): Promise<ReadonlyMap<EcuSerial, InstallationResult>> {
  const { clock, events, log, secondaryWaitMs } = context;
  let told = '';
  let waiting = assigned;
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const silent = failuresIn(await ping(context, waiting, signal));
    if (silent.size === 0 || waitedMs >= secondaryWaitMs) return silent;
    waiting = waiting.filter(({ ecu }) => silent.has(ecu));
    const ecus = [...silent.keys()];
    if (told !== ecus.join()) {
      told = ecus.join();
      events.emit({ kind: 'SecondariesAwaited', ecus });
      log('info', `The installation waits for ${ecus.join(', ')}.`);
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

function ping(
  context: StepContext,
  assigned: readonly Assigned[],
  signal: AbortSignal,
): Promise<ReadonlyMap<EcuSerial, InstallationResult>> {
  return askSecondaries(context, assigned, async (secondary, { ecu }) =>
    (await secondary.ping(signal))
      ? { success: true, code: 'OK', description: '' }
      : { success: false, code: 'INTERNAL_ERROR', description: `${ecu} does not answer.` },
  );
}
