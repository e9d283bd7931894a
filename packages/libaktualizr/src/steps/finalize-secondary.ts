// A Secondary that was not done at once is done when its own report names the image. One that does not for a day, and was
// asked often enough in it, has failed: no vehicle waits for one ECU without an end. client-features INS-09, W-03.
import { hashesAgree, type Hashes } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import { freshReport } from '../manifest/secondary-reports.ts';
import { askKey, asCorrelationId, MAX_ASKS, MAX_WAIT_MS } from './attempts.ts';
import type { StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';

export async function finalizeSecondary(
  context: StepContext,
  { installation, one, waitsSinceMs }: Work,
): Promise<void> {
  const { ecu, target } = one;
  const running = await runningHashes(context, ecu);
  if (running !== undefined && hashesAgree(running, target.hashes))
    return installation.end(one, { success: true, code: 'OK', description: '' });
  if (!isOverdue(context, { installation, one, waitsSinceMs })) return installation.wait(ecu);
  const description = `It was asked for ${MAX_WAIT_MS / 3_600_000} hours and does not run the new version.`;
  installation.end(one, { success: false, code: 'INSTALL_FAILED', description });
}

type Work = {
  readonly installation: Installation;
  readonly one: Assigned;
  readonly waitsSinceMs: number | undefined;
};

/** By both: a clock that was set says nothing of how long it was. */
function isOverdue(
  { clock, storage }: StepContext,
  { installation: { update }, one: { ecu, target }, waitsSinceMs }: Work,
): boolean {
  const asked = storage.cycle.countAttempt(askKey(target.hashes, ecu), asCorrelationId(update.correlationId));
  return asked >= MAX_ASKS && clock.now() - (waitsSinceMs ?? clock.now()) >= MAX_WAIT_MS;
}

async function runningHashes(context: StepContext, ecu: Assigned['ecu']): Promise<Hashes | undefined> {
  const secondary = context.secondaries.get(ecu);
  if (secondary === undefined) return undefined;
  try {
    const { report } = await freshReport(context, secondary);
    return report.installed.hashes;
  } catch (error) {
    if (!(error instanceof SecondaryError)) throw error;
    context.log('info', `${ecu} is still asked whether it runs the new version: ${error.message}`);
    return undefined;
  }
}
