// `ota`: runs one command and ends with one of the codes in exit-codes.ts. Errors are one sentence on stderr; with --json
// they are also the one document on stdout, `{"error": {"code", "message"}}`.
import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { npmTookJson } from './npm-options.ts';
import { note } from './output.ts';
import { createProgram } from './program.ts';

// `ota device list | head` ends when head has seen enough, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));

async function run(words: readonly string[]): Promise<ExitCode> {
  const program = createProgram(ownVersion());
  leaveErrorsToUs(program);
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, words.includes('--json') || npmTookJson());
  }
}

function report(error: unknown, json: boolean): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const { code, exitCode, message } = explain(error);
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { code, message } }, undefined, 2)}\n`);
  }
  note(`ota: ${message}`);
  return exitCode;
}

function explain(error: unknown): { code: string; exitCode: ExitCode; message: string } {
  if (error instanceof CommandError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'unexpected', exitCode: EXIT.unexpected, message: `unexpected failure: ${reason}` };
}

/** Commander shall throw instead of ending the process, and leave the wording of errors to us. */
function leaveErrorsToUs(command: Command): void {
  command.configureOutput({ outputError: () => undefined });
  command.exitOverride((error) => {
    throw error.exitCode === 0 ? error : usageError(command, error);
  });
  for (const child of command.commands) leaveErrorsToUs(child);
}

function usageError(command: Command, error: CommanderError): CommandError {
  const message =
    error.code === 'commander.help'
      ? 'a command is missing; the text above lists them'
      : `${error.message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ')}; see: ${typed(command)} --help`;
  return new CommandError('usage', EXIT.usage, message, { cause: error });
}

/** As it is typed: `ota device list`. */
function typed(command: Command): string {
  return command.parent === null ? command.name() : `${typed(command.parent)} ${command.name()}`;
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
