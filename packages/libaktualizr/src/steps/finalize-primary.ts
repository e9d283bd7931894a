// What came up on the Primary after the reboot. The bootloader may have gone back by itself; a version that is there goes on
// probation where its health is checked, and one that never completes ends after so many boots.
// client-protocol 11.2, 11.3; client-features INS-07, W-03, W-39.
import type { InstallationResult } from '../ports.ts';
import type { Trial } from '../update-cycle/states.ts';
import type { StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';

/** Boots after which a package manager that still asks for a reboot is not asked again. */
export const MAX_BOOTS_TO_COMPLETE = 10;
/** Boots that a new version may take to become healthy, the one that brings it up among them. */
export const MAX_BOOTS_ON_TRIAL = 3;

export type Finalized = 'ended' | 'waits' | 'on_trial';

export async function finalizePrimary(
  context: StepContext,
  { installation, one, trial }: { installation: Installation; one: Assigned; trial: Trial | undefined },
): Promise<Finalized> {
  const result = await whatCameUp(context, one, trial?.boots ?? 0);
  if (result.code === 'NEED_COMPLETION') context.sentinel.announce();
  else context.sentinel.withdraw();
  if (result.success && context.health !== undefined) {
    installation.tryOut(one);
    return 'on_trial';
  }
  if (result.code !== 'NEED_COMPLETION') await context.bootloader.good();
  installation.end(one, result);
  return result.code === 'NEED_COMPLETION' ? 'waits' : 'ended';
}

async function whatCameUp(
  { bootloader, packageManager }: StepContext,
  { target }: Assigned,
  boots: number,
): Promise<InstallationResult> {
  if (await bootloader.rolledBack()) return failed('The bootloader went back to the version before');
  const result = await packageManager.finalize(target);
  return result.code === 'NEED_COMPLETION' && boots > MAX_BOOTS_TO_COMPLETE
    ? failed(`Not complete after ${MAX_BOOTS_TO_COMPLETE} boots`)
    : result;
}

function failed(description: string): InstallationResult {
  return { success: false, code: 'INSTALL_FAILED', description };
}
