// The reboot that an installation waits for, unless a hook holds it back. client-features CFG-27, INS-05.
import type { CompletionResult } from '../results.ts';
import type { StepContext } from '../steps/context.ts';
import { factsOf } from '../steps/stage-hooks.ts';
import { isRebootDue } from './settle.ts';

export async function completeInstallation(
  context: StepContext,
  signal: AbortSignal,
): Promise<CompletionResult> {
  if (!isRebootDue(context)) return { kind: 'nothing_to_do' };
  const state = context.storage.cycle.load();
  if (context.hooks !== undefined) {
    const facts = await factsOf(context, 'update' in state ? state.update : undefined);
    const answer = await context.hooks.before('reboot', facts, signal);
    if (answer !== 'go') return { kind: 'postponed', reason: answer.postponed, by: 'hook' };
  }
  const detail = await context.sentinel.reboot();
  return detail === undefined ? { kind: 'rebooting' } : { kind: 'failed', detail };
}
