// The last try of a command to bring queued events to the server. What stays is tried again by the next command.
import type { StepContext } from './context.ts';

export async function flushReports(context: StepContext): Promise<'empty' | 'kept'> {
  const outcome = await context.reports.flush();
  if (outcome === 'kept')
    context.log('info', 'Some events wait for the server and are sent with the next command.');
  return outcome;
}
