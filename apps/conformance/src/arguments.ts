// The command line of both clients: words and `--name value` options in any order. Whatever follows an option is its
// value, be it as odd as a name in a repository may be.
import { CodedError, instantFromMs, type Instant } from '@ota-connect/uptane';

export class UsageError extends CodedError {
  constructor(message: string) {
    super('UsageError', 'usage', message);
  }
}

/** What a command works in, so that tests run it in their own process and at their own time. */
export type World = {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly now: () => Instant;
};

export type Arguments = {
  readonly wantsHelp: boolean;
  readonly words: readonly string[];
  /** Options that are given, in their order. */
  readonly names: readonly string[];
  /** @throws UsageError when it is not there */
  one(name: string): string;
  many(name: string): readonly string[];
};

const HELP: Arguments = { wantsHelp: true, words: [], names: [], one: () => '', many: () => [] };

/** The word `help` is one too: npx takes an option before the first word for its own. @throws UsageError */
export function readArguments(
  args: readonly string[],
  names: readonly string[],
  repeatable: readonly string[] = [],
): Arguments {
  const words: string[] = [];
  const values = new Map<string, string[]>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('--')) {
      words.push(arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    if (name === 'help') return HELP;
    if (!names.includes(name)) throw new UsageError(`There is no option --${name}.`);
    const value = equals < 0 ? rest.shift() : arg.slice(equals + 1);
    if (value === undefined) throw new UsageError(`--${name} needs a value.`);
    const given = values.get(name) ?? [];
    if (given.length > 0 && !repeatable.includes(name)) throw new UsageError(`--${name} is given twice.`);
    values.set(name, [...given, value]);
  }
  if (words[0] === 'help') return HELP;
  const many = (name: string): readonly string[] => values.get(name) ?? [];
  return {
    wantsHelp: false,
    words,
    names: [...values.keys()],
    many,
    one: (name) => required(many(name)[0], name),
  };
}

export function processWorld(): World {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    now: () => instantFromMs(Date.now()),
  };
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing.`);
  return value;
}
