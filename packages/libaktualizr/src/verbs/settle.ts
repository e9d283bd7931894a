// What comes before any other verb of an update: an installation that a reboot completed is finalised, a version on probation
// is judged, one that failed it is taken back. While that goes on, nothing is checked and no manifest is sent: it would name
// a version that may be gone a minute later, and the server would book the update as done. The grace period bounds it.
// ARCHITECTURE 4.8; client-protocol 11.3; client-features W-03, W-39.
import { installsComplete } from '../events.ts';
import type { InstallResult, OnProbation, Pending, Postponed } from '../results.ts';
import type { StepContext } from '../steps/context.ts';
import { factsOf } from '../steps/stage-hooks.ts';
import { feed, type Commands } from '../update-cycle/run.ts';
import type { CycleState } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';

/** Between two looks at the health of a version. */
const HEALTH_PAUSE_MS = 2000;

export type Settled = {
  /** How an installation ended just now. */
  readonly ended?: Extract<InstallResult, { readonly kind: 'installed' | 'failed' }>;
  /** Why nothing else may begin. */
  readonly waits?: Pending | OnProbation | Postponed;
};

export type SettleOptions = {
  readonly signal: AbortSignal;
  /** Looks at the health of a version on probation: as many as it takes until it is good or gone, or none. One if absent. */
  readonly looks?: 'until_judged' | 'none';
  /** The caller tells its result as an event. */
  readonly isQuiet?: boolean;
};

export async function settle(
  context: StepContext,
  commands: Commands,
  { signal, looks, isQuiet }: SettleOptions,
): Promise<Settled> {
  const { cycle } = context.storage;
  let ended: Settled['ended'];
  // Bounded by its own pauses too, whatever clock it is that says how long the version ran.
  for (let looked = 0; ;) {
    const before = cycle.load();
    const event = due(context, before);
    if (event === undefined || (looks === 'none' && event.kind !== 'RebootDetected'))
      return { ...(ended && { ended }), ...waiting(before) };
    if (event.kind === 'RebootDetected') await tellRebooted(context, before);
    const { state, last } = await feed(cycle, commands, event, signal);
    if (last.kind === 'Postponed') return { waits: postponed(last) };
    if (last.kind === 'InstallationCompleted' && 'update' in before) {
      const { result } = last;
      const now = { kind: result.success ? 'installed' : 'failed', update: before.update, result } as const;
      ended = now;
      if (isQuiet !== true) context.events.emit(installsComplete(now));
    }
    if (last.kind !== 'NotYetHealthy') continue;
    looked += 1;
    if (looks !== 'until_judged' || looked * HEALTH_PAUSE_MS > context.graceMs + HEALTH_PAUSE_MS)
      return waiting(state);
    await context.clock.sleep(HEALTH_PAUSE_MS, signal);
  }
}

/** Whether the reboot that completes an installation, or a rollback, is still to come. */
export function isRebootDue(context: StepContext): boolean {
  const state = context.storage.cycle.load();
  const isWaiting = state.kind === 'AwaitingReboot' || state.kind === 'AwaitingRollback';
  return isWaiting && context.storage.reboot.isNeeded() && !isRebooted(context, state);
}

export function postponed({ reason, by }: Extract<CycleEvent, { kind: 'Postponed' }>): Postponed {
  return { kind: 'postponed', reason, by };
}

/** What the state asks for by itself. */
function due(context: StepContext, state: CycleState): CycleEvent | undefined {
  if (isRebooted(context, state)) return { kind: 'RebootDetected' };
  if (state.kind === 'Probation') return { kind: 'HealthCheckRequested' };
  return state.kind === 'RollingBack' ? { kind: 'RollbackRequested' } : undefined;
}

/** The boot id says so; a package manager that only plays a reboot goes by the file, as the original's does. */
function isRebooted({ bootId, packageManager, sentinel, storage }: StepContext, state: CycleState): boolean {
  if (!('bootId' in state)) return false;
  const isPlayed =
    packageManager.simulatesReboot === true && storage.reboot.isNeeded() && !sentinel.isAnnounced();
  return state.bootId !== bootId || (isPlayed && state.kind !== 'Probation');
}

function waiting(state: CycleState): Settled {
  if (state.kind === 'AwaitingReboot') return { waits: { kind: 'pending', update: state.update } };
  if (state.kind === 'Probation') return { waits: { kind: 'on_probation', update: state.update } };
  return state.kind === 'AwaitingRollback' || state.kind === 'RollingBack'
    ? { waits: { kind: 'pending', update: state.update, rollsBack: true } }
    : {};
}

async function tellRebooted(context: StepContext, state: CycleState): Promise<void> {
  if (context.hooks === undefined || state.kind === 'Probation') return;
  const facts = await factsOf(context, 'update' in state ? state.update : undefined);
  await context.hooks.after('reboot', facts, { success: true, outcome: 'rebooted', detail: '' });
}
