// The command line of aktualizr-info: the original's options and their older spellings, and --json. client-features 2 INF.
import { parseArgs } from 'node:util';

import { nearestName } from '@ota-connect/libaktualizr/config/nearest-name';

import { UsageError } from '../exit-codes.ts';

const OPTIONS = {
  help: { type: 'boolean', short: 'h', text: 'print this help' },
  version: { type: 'boolean', short: 'v', text: 'print the version' },
  config: {
    type: 'string',
    short: 'c',
    text: 'configuration file or directory, instead of the default ones; may be repeated',
  },
  loglevel: { type: 'string', text: 'accepted for scripts of the original; nothing is logged' },
  json: { type: 'boolean', text: 'print JSON, for programs' },
  'wait-until-provisioned': {
    type: 'boolean',
    text: 'wait until the device is registered and has metadata, then print',
  },
  'name-only': { type: 'boolean', text: 'the device id alone' },
  'tls-creds': { type: 'boolean', text: 'all TLS credentials, the private key too' },
  'tls-root-ca': { type: 'boolean', text: 'TLS CA certificate' },
  'tls-cert': { type: 'boolean', text: 'TLS certificate of the device' },
  'tls-prv-key': { type: 'boolean', text: 'TLS private key' },
  'ecu-keys': { type: 'boolean', text: 'Uptane key of the Primary, the private key too' },
  'ecu-keyid': { type: 'boolean', text: 'id of the Uptane key' },
  'ecu-pub-key': { type: 'boolean', text: 'Uptane public key' },
  'ecu-prv-key': { type: 'boolean', text: 'Uptane private key' },
  'secondary-keys': { type: 'boolean', text: 'ids and public keys of the Secondaries in the summary' },
  'director-root': { type: 'boolean', text: 'stored Root of the Director' },
  'director-timestamp': { type: 'boolean', text: 'stored Timestamp of the Director' },
  'director-snapshot': { type: 'boolean', text: 'stored Snapshot of the Director' },
  'director-targets': { type: 'boolean', text: 'stored Targets of the Director' },
  'image-root': { type: 'boolean', text: 'stored Root of the Image repository' },
  'image-timestamp': { type: 'boolean', text: 'stored Timestamp of the Image repository' },
  'image-snapshot': { type: 'boolean', text: 'stored Snapshot of the Image repository' },
  'image-targets': { type: 'boolean', text: 'stored Targets of the Image repository' },
  'root-version': { type: 'string', text: 'which Root to print, instead of the newest' },
  'allow-migrate': {
    type: 'boolean',
    text: 'bring the database up to date first, which takes it for writing; not while aktualizr runs',
  },
  delegation: { type: 'boolean', text: 'stored delegations' },
} as const;

export type InfoOption = keyof typeof OPTIONS;

/** Spellings that the original still takes. */
const ALIASES: ReadonlyMap<string, InfoOption> = new Map([
  ['images-root', 'image-root'],
  ['images-timestamp', 'image-timestamp'],
  ['images-snapshot', 'image-snapshot'],
  ['images-target', 'image-targets'],
  ['images-targets', 'image-targets'],
  ['image-target', 'image-targets'],
  ['director-target', 'director-targets'],
]);
const NAMES = Object.keys(OPTIONS) as InfoOption[];

export type InfoArguments = {
  readonly flags: ReadonlySet<InfoOption>;
  readonly configPaths: readonly string[];
  readonly rootVersion: number | undefined;
};

/** @throws UsageError */
export function readInfoArguments(args: readonly string[]): InfoArguments {
  const options = { ...OPTIONS, config: { ...OPTIONS.config, multiple: true } } as const;
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags = new Set<InfoOption>();
  const configPaths: string[] = [];
  let rootVersion: number | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`aktualizr-info takes options alone; "${token.value}" is too much.`);
    if (token.kind !== 'option') continue;
    const name = knownOption(token.name, token.rawName);
    if (OPTIONS[name].type === 'boolean') flags.add(name);
    else if (token.value === undefined || token.value === '')
      throw new UsageError(`${token.rawName} needs a value.`);
    else if (name === 'config') configPaths.push(token.value);
    else if (name === 'root-version') rootVersion = versionOf(token.value);
  }
  return { flags, configPaths, rootVersion };
}

export function infoHelp(): string {
  const lines = NAMES.map((name) => {
    const option = OPTIONS[name];
    const short = 'short' in option ? `-${option.short}, ` : '    ';
    const value = option.type === 'string' ? ' VALUE' : '';
    return `  ${`${short}--${name}${value}`.padEnd(32)} ${option.text}`;
  });
  return [
    'aktualizr-info [OPTIONS]: what this device knows about itself. Without an option: a summary.',
    '',
    ...lines,
    '',
    'Exit codes: 0 printed; 64 usage; 74 the database cannot be read; 77 the device was never started; 78 configuration.',
  ].join('\n');
}

function knownOption(name: string, written: string): InfoOption {
  const known = ALIASES.get(name) ?? NAMES.find((option) => option === name);
  if (known !== undefined) return known;
  const near = nearestName(name, NAMES);
  throw new UsageError(
    `There is no option ${written}.${near === undefined ? '' : ` Did you mean --${near}?`}`,
  );
}

function versionOf(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`--root-version takes a version number, not "${text}".`);
}
