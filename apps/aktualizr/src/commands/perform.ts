// One command from beginning to end: what it does, the events that wait, and its outcome. An error becomes one sentence and
// an outcome here and nowhere else.
import { failed, type Outcome } from '../outcome.ts';
import type { CommandContext } from './context.ts';
import { COMMANDS, type CommandName } from './index.ts';

export async function perform(name: CommandName, context: CommandContext): Promise<Outcome> {
  const { aktualizr, output, signal } = context;
  try {
    const told = await COMMANDS[name](context);
    // No network is meant: what is queued waits for the next command.
    if (!signal.aborted && name !== 'offline') await aktualizr.flushReports({ signal });
    return { command: name, ...told };
  } catch (error) {
    output.fail(error);
    return failed(name, error);
  }
}
