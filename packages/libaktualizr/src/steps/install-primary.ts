// Installs an image on the Primary through its package manager. What happened and that it must be reported are one
// transaction: a power cut leaves either the old version with nothing to report or the new one with exactly one report.
// client-protocol 6.6.
import { InstallError } from '../errors.ts';
import type { InstallationResult } from '../ports.ts';
import { asCorrelationId, MAX_STARTS, startKey } from './attempts.ts';
import type { StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';

export async function installPrimary(
  context: StepContext,
  installation: Installation,
  assigned: Assigned,
): Promise<InstallationResult> {
  installation.begin(assigned);
  await context.reports.flush();
  const result =
    interruptedTooOften(context, installation, assigned) ?? (await runInstallation(context, assigned));
  // Before the row, so that a row with a flag and without the file means that the reboot has been.
  if (result.code === 'NEED_COMPLETION') context.sentinel.announce();
  if (result.success && context.health !== undefined) installation.tryOut(assigned);
  else installation.end(assigned, result);
  await context.reports.flush();
  return result;
}

/** An image whose installation takes the power down each time must come to an end. */
export function interruptedTooOften(
  { storage }: StepContext,
  { update }: Installation,
  { target }: Assigned,
): InstallationResult | undefined {
  const id = asCorrelationId(update.correlationId);
  if (storage.cycle.attempts(startKey(target.hashes), id) <= MAX_STARTS) return undefined;
  const description = `The installation was interrupted ${MAX_STARTS} times.`;
  return { success: false, code: 'INSTALL_FAILED', description };
}

async function runInstallation(context: StepContext, { target }: Assigned): Promise<InstallationResult> {
  try {
    await context.bootloader.installing();
    return await context.packageManager.install(target);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    return { success: false, code: 'INSTALL_FAILED', description: error.message };
  }
}
