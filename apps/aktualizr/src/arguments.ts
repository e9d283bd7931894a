// The command line: the original's options and run modes, both spellings of the mode. What is unknown is refused with the
// nearest valid name, where the original would run as a daemon. client-features 1.1.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from './exit-codes.ts';
import { didYouMean } from './nearest.ts';

const MODES = {
  full: 'the daemon: polls, downloads, installs and reports until it is stopped',
  once: 'one whole update cycle',
  check: 'asks what is to be installed',
  download: 'a check, then the download of what it found',
  install: 'installs what was found, without asking the server',
  offline: 'an update from the lockbox in a directory, with no network: offline DIRECTORY',
  campaign_check: 'the campaigns that wait for this device',
  campaign_accept: 'accepts the campaign of --campaign-id',
  campaign_decline: 'declines it',
  campaign_postpone: 'postpones it',
  device_data: 'tells the server what changed of hardware, packages and network',
  manifest: 'tells the server what is installed',
  status: 'what the daemon does',
  pause: 'the daemon begins nothing any more, and interrupts a download',
  resume: 'it goes on',
  abort: 'ends what the daemon does now',
  reload: 'the daemon reads its configuration again',
} as const;

export type RunMode = keyof typeof MODES;
export const RUN_MODES = Object.keys(MODES) as readonly RunMode[];

/** Those that only a daemon can answer, and the daemon itself. */
const NO_COMMANDS = ['full', 'status', 'pause', 'resume', 'abort', 'reload'] as const;
type NoCommand = (typeof NO_COMMANDS)[number];

/** Their word is followed by a directory. */
const WITH_DIRECTORY: ReadonlySet<string> = new Set(['offline']);

/** Whether this process can carry it out as well as the daemon. */
export function isCommand(mode: RunMode): mode is Exclude<RunMode, NoCommand> {
  return NO_COMMANDS.every((one) => one !== mode);
}

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
  json: {
    type: 'boolean',
    text: 'print the outcome as one JSON object, and nothing else, on standard output',
  },
  standalone: { type: 'boolean', text: 'never let the daemon do it; refused while it holds the storage' },
  'compat-exit-codes': {
    type: 'boolean',
    text: 'exit as the original does: 0 also for failed updates, else 1',
  },
  'check-config': { type: 'boolean', text: 'check the configuration, with unknown keys as errors, and end' },
} as const;

type OptionName = keyof typeof OPTIONS;
const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export type Arguments = {
  readonly action: 'help' | 'version' | 'check-config' | 'run';
  readonly mode: RunMode;
  /** Of `offline`. */
  readonly directory: string | undefined;
  readonly isStandalone: boolean;
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
  const mode = modeOf(positionals, values.get('run-mode'));
  return {
    action,
    mode: mode.mode,
    directory: directoryOf(mode, action),
    isStandalone: flags.has('standalone'),
    configPaths,
    values,
  };
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
    'Modes; without one: full. While the daemon runs it carries out what is asked:',
    ...RUN_MODES.map((mode) => `  ${mode.padEnd(18)} ${MODES[mode]}`),
    '',
    'Options:',
    ...lines,
    '',
    'Exit codes: 0 done, nothing to do or postponed; 3 metadata refused; 4 installation failed; 5 download failed;',
    '21 reboot needed; 64 usage; 66 no such campaign; 69 server unreachable, or no daemon; 74 disk full or I/O;',
    '75 another aktualizr runs; 77 not provisioned; 78 configuration; 1 anything else. With --compat-exit-codes: 0 as well',
    'for 3, 4, 5, 21, 66 and, on a registered device, 69; 1 for everything else.',
  ].join('\n');
}

function knownOption(name: string, written: string): OptionName {
  const known = OPTION_NAMES.find((option) => option === name);
  if (known !== undefined) return known;
  throw new UsageError(`There is no option ${written}.${didYouMean(name, OPTION_NAMES, '--')}`);
}

type Mode = { readonly mode: RunMode; readonly more: readonly string[] };

function modeOf(positionals: readonly string[], option: string | undefined): Mode {
  const [given = option ?? 'full', ...more] = positionals;
  const isSaidTwice = option !== undefined && positionals.length > 0;
  // With the mode as an option, the positional word may be its directory.
  if (isSaidTwice && WITH_DIRECTORY.has(sameMode(option)) && sameMode(given) !== sameMode(option))
    return modeOf([option, ...positionals], option);
  if (isSaidTwice && sameMode(option) !== sameMode(given)) {
    throw new UsageError(`The run modes ${given} and ${option} contradict each other.`);
  }
  const mode = RUN_MODES.find((known) => known === sameMode(given));
  if (mode === undefined)
    throw new UsageError(`There is no run mode ${given}.${didYouMean(given, RUN_MODES)}`);
  if (!WITH_DIRECTORY.has(mode) && more.length > 0)
    throw new UsageError(`One run mode is enough; "${more.join(' ')}" is too much.`);
  return { mode, more };
}

function directoryOf({ mode, more }: Mode, action: Arguments['action']): string | undefined {
  if (!WITH_DIRECTORY.has(mode) || action !== 'run') return undefined;
  const [directory, ...rest] = more;
  if (directory === undefined || rest.length > 0)
    throw new UsageError(`${mode} takes one directory: aktualizr ${mode} DIRECTORY.`);
  // The daemon stands elsewhere.
  return resolve(directory);
}

/** `campaign-check` is what people type. */
function sameMode(text: string): string {
  return text.replaceAll('-', '_');
}
