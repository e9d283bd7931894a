// A device that nobody reboots stays within reach: after a while the server hears of it again, and an update that replaces
// the one that waits is taken. What waited is reported as cancelled then. client-features W-03; client-protocol 14-14.
import type { InstallationResult } from '../ports.ts';
import type { CycleState, Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { targetKey } from './attempts.ts';
import { checkUpdates } from './check-updates.ts';
import type { StepContext } from './context.ts';
import { waitingFor } from './finalize-install.ts';

/** So long the device is as silent as the original's. */
export const QUIET_MS = 3_600_000;

/** By a clock that may have been set meanwhile, in either direction. */
export function isOverdue({ clock }: StepContext, state: CycleState): boolean {
  return (
    state.kind === 'AwaitingReboot' && Math.abs(clock.now() - (state.waitsSinceMs ?? clock.now())) > QUIET_MS
  );
}

/** @throws TransportError when a server cannot be asked */
export async function checkWhileWaiting(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const waiting = waitingFor(context, state);
  if (waiting === undefined || state.kind !== 'AwaitingReboot') return { kind: 'UpdateWithdrawn' };
  const found = await checkUpdates(context, { kind: 'Checking' });
  if (found.kind !== 'TargetsFound' || isSame(found.update, state.update)) return { kind: 'NothingNew' };
  const { installation, assigned } = waiting;
  context.storage.transaction(() => {
    for (const one of assigned) installation.end(one, CANCELLED);
  });
  context.sentinel.withdraw();
  await context.reports.flush();
  const result = installation.result();
  return result === undefined ? { kind: 'UpdateWithdrawn' } : { kind: 'InstallationCompleted', result };
}

const CANCELLED: InstallationResult = {
  success: false,
  code: 'OPERATION_CANCELLED',
  description: 'Another update replaced it before the reboot',
};

function isSame(a: Update, b: Update): boolean {
  const keys = ({ targets }: Update) => targets.map(({ hashes, name }) => `${name} ${targetKey(hashes)}`);
  return a.correlationId === b.correlationId && keys(a).toSorted().join() === keys(b).toSorted().join();
}
