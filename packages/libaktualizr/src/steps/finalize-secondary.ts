// A Secondary that was not done at once is done when its own report names the image. client-features INS-09.
import { hashesAgree, type Hashes } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import { freshReport } from '../manifest/secondary-reports.ts';
import type { StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';

export async function finalizeSecondary(
  context: StepContext,
  installation: Installation,
  assigned: Assigned,
): Promise<void> {
  const { ecu, target } = assigned;
  const running = await runningHashes(context, ecu);
  if (running === undefined || !hashesAgree(running, target.hashes)) return installation.wait(ecu);
  installation.end(assigned, { success: true, code: 'OK', description: '' });
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
