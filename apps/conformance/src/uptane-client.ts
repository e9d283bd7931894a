// The process around the command.
import { processWorld } from './arguments.ts';
import { restoreOptions } from './kept-by-npx.ts';
import { runUptaneClient, UPTANE_OPTIONS } from './uptane-command.ts';

const args = restoreOptions(process.argv.slice(2), UPTANE_OPTIONS, process.env);
process.exitCode = await runUptaneClient(args, processWorld());
