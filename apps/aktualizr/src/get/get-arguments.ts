// The command line of aktualizr-get: the original's options. client-features 2 GET-01
import { optionLines, readOptions } from '../companion-options.ts';
import { UsageError } from '../exit-codes.ts';

const OPTIONS = {
  help: { type: 'boolean', short: 'h', text: 'print this help' },
  version: { type: 'boolean', short: 'v', text: 'print the version' },
  config: {
    type: 'string',
    short: 'c',
    multiple: true,
    value: 'PATH',
    text: 'configuration file or directory, instead of the default ones; may be repeated',
  },
  loglevel: { type: 'string', value: '0..5', text: '0 and 1 tell what led to an error' },
  url: { type: 'string', short: 'u', value: 'URL', text: 'what to get' },
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: 'LINE',
    text: 'a header line, "Name: value"; may be repeated',
  },
} as const;

export type GetArguments =
  | { readonly action: 'help' | 'version' }
  | {
      readonly action: 'get';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly configPaths: readonly string[];
      readonly loglevel: number;
    };

/** @throws UsageError */
export function readGetArguments(args: readonly string[]): GetArguments {
  const { flags, values, lists } = readOptions('aktualizr-get', OPTIONS, args);
  if (flags.has('help')) return { action: 'help' };
  if (flags.has('version')) return { action: 'version' };
  const url = values.get('url');
  if (url === undefined) throw new UsageError('aktualizr-get needs --url.');
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
    throw new UsageError(`--url takes an https address, not "${url}".`);
  const loglevel = values.get('loglevel') ?? '2';
  if (!/^[0-5]$/.test(loglevel))
    throw new UsageError(`--loglevel takes a number from 0 to 5, not "${loglevel}".`);
  return {
    action: 'get',
    url,
    headers: Object.fromEntries((lists.get('header') ?? []).map(readHeader)),
    configPaths: lists.get('config') ?? [],
    loglevel: Number(loglevel),
  };
}

/** RFC 9110 5.1, 5.5; what would begin a line of its own is refused. */
function readHeader(line: string): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`--header takes a line "Name: value", not "${line}".`);
  return [name, value.trim()];
}

export function getHelp(): string {
  return [
    'aktualizr-get -u URL [OPTIONS]: gets a URL with the credentials of this device and writes the body to standard output.',
    '',
    ...optionLines(OPTIONS),
    '',
    'Only an answer with status 200 counts. Exit codes: 0 done; 64 usage; 69 no answer, or another one; 74 the database',
    'cannot be read, or the output cannot be written; 77 the device is not provisioned, or refused; 78 configuration.',
  ].join('\n');
}
