// The command line: the original's options and run modes, both spellings of the mode. What is unknown is refused with the
// nearest valid name, where the original would run as a daemon. client-features 1.1.
import { parseArgs } from 'node:util';
import { UsageError } from './exit-codes.ts';
import { didYouMean } from './nearest.ts';

export const RUN_MODES = [
  'full',
  'once',
  'check',
  'download',
  'install',
  'campaign_check',
  'campaign_accept',
  'campaign_decline',
  'campaign_postpone',
] as const;

export type RunMode = (typeof RUN_MODES)[number];

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
  loglevel: { type: 'string', value: '0..5', text: 'trace, debug, info, warning, error, fatal' },
  'run-mode': { type: 'string', value: 'MODE', text: 'the same as naming the mode' },
  'tls-server': { type: 'string', value: 'URL', text: 'device gateway (tls.server)' },
  'repo-server': { type: 'string', value: 'URL', text: 'Image repository (uptane.repo_server)' },
  'director-server': { type: 'string', value: 'URL', text: 'Director (uptane.director_server)' },
  'primary-ecu-serial': { type: 'string', value: 'SERIAL', text: 'serial of the Primary' },
  'primary-ecu-hardware-id': { type: 'string', value: 'ID', text: 'hardware id of the Primary' },
  'secondary-config-file': { type: 'string', value: 'FILE', text: 'Secondaries, as JSON' },
  'campaign-id': { type: 'string', value: 'ID', text: 'campaign to accept, decline or postpone' },
  'hwinfo-file': { type: 'string', value: 'FILE', text: 'hardware information to send, as JSON' },
  'check-config': { type: 'boolean', text: 'check the configuration, with unknown keys as errors, and end' },
} as const;

type OptionName = keyof typeof OPTIONS;
const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export type Arguments = {
  readonly action: 'help' | 'version' | 'check-config' | 'run';
  readonly mode: RunMode;
  readonly configPaths: readonly string[];
  readonly values: ReadonlyMap<OptionName, string>;
};

/** @throws UsageError */
export function readArguments(args: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<OptionName, string>();
  const configPaths: string[] = [];
  const flags = new Set<OptionName>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = knownOption(token.name, token.rawName);
    if (OPTIONS[name].type === 'boolean') {
      flags.add(name);
      continue;
    }
    const value = token.value;
    if (value === undefined || value === '') throw new UsageError(`${token.rawName} needs a value.`);
    if (name === 'config') configPaths.push(value);
    else values.set(name, value);
  }
  const action = flags.has('help')
    ? 'help'
    : flags.has('version')
      ? 'version'
      : flags.has('check-config')
        ? 'check-config'
        : 'run';
  return { action, mode: modeOf(positionals, values.get('run-mode')), configPaths, values };
}

export function helpText(): string {
  const lines = OPTION_NAMES.map((name) => {
    const option = OPTIONS[name];
    const short = 'short' in option ? `-${option.short}, ` : '    ';
    const value = 'value' in option ? ` ${option.value}` : '';
    return `  ${`${short}--${name}${value}`.padEnd(36)} ${option.text}`;
  });
  return [
    'aktualizr [OPTIONS] [MODE]: keeps this device up to date over the air.',
    '',
    `Modes: ${RUN_MODES.join(', ')}; without one: full.`,
    '',
    ...lines,
    '',
    'Exit codes: 0 done or nothing to do; 3 metadata refused; 4 installation failed; 5 download failed; 21 reboot needed;',
    '64 usage; 66 no such campaign; 69 server unreachable; 74 disk full or I/O; 75 another aktualizr runs;',
    '77 not provisioned; 78 configuration; 1 anything else.',
  ].join('\n');
}

function knownOption(name: string, written: string): OptionName {
  const known = OPTION_NAMES.find((option) => option === name);
  if (known !== undefined) return known;
  throw new UsageError(`There is no option ${written}.${didYouMean(name, OPTION_NAMES, '--')}`);
}

function modeOf(positionals: readonly string[], option: string | undefined): RunMode {
  const [given = option ?? 'full', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One run mode is enough; "${more.join(' ')}" is too much.`);
  if (option !== undefined && positionals.length > 0 && sameMode(option) !== sameMode(given)) {
    throw new UsageError(`The run modes ${given} and ${option} contradict each other.`);
  }
  const mode = RUN_MODES.find((known) => known === sameMode(given));
  if (mode === undefined)
    throw new UsageError(`There is no run mode ${given}.${didYouMean(given, RUN_MODES)}`);
  return mode;
}

/** `campaign-check` is what people type. */
function sameMode(text: string): string {
  return text.replaceAll('-', '_');
}
