// `ota`: runs one command and ends with one of the codes in exit-codes.ts. Errors are one sentence on stderr; with --json
// they are also the one document on stdout, `{"error": {"code", "message"}}`.
import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
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
  quiet(program);
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, words.includes('--json'));
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
  if (error instanceof CommanderError) {
    const message =
      error.code === 'commander.help'
        ? 'a command is missing; the text above lists them'
        : `${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}; see: ota --help`;
    return { code: 'usage', exitCode: EXIT.usage, message };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'unexpected', exitCode: EXIT.unexpected, message: `unexpected failure: ${reason}` };
}

/** Commander shall throw instead of ending the process, and leave the wording of errors to us. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const child of command.commands) quiet(child);
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
