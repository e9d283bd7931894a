// The process around the command.
import { processWorld } from './arguments.ts';
import { restoreOptions } from './kept-by-npx.ts';
import { runTufClient, TUF_OPTIONS } from './tuf-command.ts';

const args = restoreOptions(process.argv.slice(2), TUF_OPTIONS, process.env);
process.exitCode = await runTufClient(args, processWorld());
