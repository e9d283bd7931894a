// The command lines of the small companions: long and short options with values, repeated ones, flags. What is unknown is
// refused with the nearest valid name. client-features 2
import { parseArgs } from 'node:util';

import { UsageError } from './exit-codes.ts';
import { didYouMean } from './nearest.ts';

export type Option = {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
  /** How its value is called in the help. */
  readonly value?: string;
  readonly text: string;
};

export type Options = { readonly [name: string]: Option };

export type Given<O extends Options> = {
  readonly flags: ReadonlySet<keyof O & string>;
  /** The last one of those that are given twice. */
  readonly values: ReadonlyMap<keyof O & string, string>;
  /** All values of options that may be repeated. */
  readonly lists: ReadonlyMap<keyof O & string, readonly string[]>;
};

/** `program`: for the sentences; `aliases`: older spellings. @throws UsageError */
export function readOptions<O extends Options>(
  program: string,
  options: O,
  args: readonly string[],
  aliases: ReadonlyMap<string, keyof O & string> = new Map(),
): Given<O> {
  const older = Array.from(aliases, ([alias, name]) => [alias, { type: options[name]?.type ?? 'string' }]);
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, ...Object.fromEntries(older) } as Options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const names = Object.keys(options) as (keyof O & string)[];
  const flags = new Set<keyof O & string>();
  const values = new Map<keyof O & string, string>();
  const lists = new Map<keyof O & string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`${program} takes options alone; "${token.value}" is too much.`);
    if (token.kind !== 'option') continue;
    const name = aliases.get(token.name) ?? names.find((known) => known === token.name);
    if (name === undefined)
      throw new UsageError(`There is no option ${token.rawName}.${didYouMean(token.name, names, '--')}`);
    const option = options[name];
    if (option?.type === 'boolean') flags.add(name);
    else if (token.value === undefined || token.value === '')
      throw new UsageError(`${token.rawName} needs a value.`);
    else if (option?.multiple === true) lists.set(name, [...(lists.get(name) ?? []), token.value]);
    else values.set(name, token.value);
  }
  return { flags, values, lists };
}

/** One line an option. */
export function optionLines(options: Options): readonly string[] {
  return Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    const value = option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : '';
    return `  ${`${short}--${name}${value}`.padEnd(36)} ${option.text}`;
  });
}
