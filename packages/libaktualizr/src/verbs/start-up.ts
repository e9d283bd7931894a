// What comes before any other verb: what a restart interrupted is noted, an installation that waited for it is ended, and the
// boot is called good when nothing waits. client-protocol 6.1, 11.2.
import type { StepContext } from '../steps/context.ts';
import { adoptPending } from '../steps/adopt-pending.ts';
import { noteInterruption } from '../update-cycle/resume.ts';
import type { Commands } from '../update-cycle/run.ts';
import { INITIAL_STATE, type CycleState } from '../update-cycle/states.ts';
import { isRebootDue, settle } from './settle.ts';

/** States in which nothing new waits to be called good. */
const QUIET: ReadonlySet<CycleState['kind']> = new Set<CycleState['kind']>([
  'Idle',
  'UpdatesAvailable',
  'Downloaded',
  'Reporting',
]);

export async function startUp(context: StepContext, commands: Commands, signal: AbortSignal): Promise<void> {
  const { log, storage } = context;
  if (storage.cycle.isUnreadable()) {
    log('warning', 'The stored state of the update cycle cannot be read; the cycle begins anew.');
    storage.cycle.save(INITIAL_STATE);
  }
  const found = noteInterruption(storage.cycle);
  adoptPending(context);
  const { ended } = await settle(context, commands, { signal, looks: 'none' });
  await tellBoot(context, found, ended !== undefined);
}

/** As the original at each start: a boot in which nothing waits is a good one, and a due reboot is shown again. */
async function tellBoot(context: StepContext, found: CycleState, hasFinalized: boolean): Promise<void> {
  const { bootloader, sentinel, storage } = context;
  if (isRebootDue(context)) sentinel.announce();
  const isQuiet = QUIET.has(storage.cycle.load().kind) && found.kind !== 'Installing';
  if (isQuiet && !hasFinalized) await bootloader.good();
}
