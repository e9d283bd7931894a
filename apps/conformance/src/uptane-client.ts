// The process around the command.
import { processWorld } from './arguments.ts';
import { runUptaneClient } from './uptane-command.ts';

process.exitCode = await runUptaneClient(process.argv.slice(2), processWorld());
