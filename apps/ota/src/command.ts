// How every command looks: a summary, an example, --json, and the exit codes at the end of --help.
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT_CODES_HELP } from './exit-codes.ts';
import { npmTookJson } from './npm-options.ts';

/** `device`, `campaign`, …: a word with verbs below it. */
export function addNoun(program: Command, name: string, summary: string, example: string): Command {
  return program
    .command(name)
    .description(summary)
    .addHelpText('after', `\nExample:\n  ${example}\n\n${EXIT_CODES_HELP}`);
}

/** A command that does something. `usage` is its name with its arguments. */
export function addVerb(parent: Command, usage: string, summary: string, example: string): Command {
  return parent
    .command(usage)
    .description(summary)
    .option('--json', 'print one JSON document instead of text', npmTookJson())
    .addHelpText('after', `\nExample:\n  ${example}\n\n${EXIT_CODES_HELP}`);
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

export function parseCount(value: string): number {
  const count = /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw new InvalidArgumentError('It must be a whole number.');
  return count;
}
