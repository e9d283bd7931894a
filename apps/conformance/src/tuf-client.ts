// The process around the command.
import { processWorld } from './arguments.ts';
import { runTufClient } from './tuf-command.ts';

process.exitCode = await runTufClient(process.argv.slice(2), processWorld());
