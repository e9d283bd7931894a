// The command line of aktualizr-cert-provider: the original's options, also in their older spelling. client-features 2 CRT
import { optionLines, readOptions, type Given } from '../companion-options.ts';
import { UsageError } from '../exit-codes.ts';

const OPTIONS = {
  help: { type: 'boolean', short: 'h', text: 'print this help' },
  version: { type: 'boolean', short: 'v', text: 'print the version' },
  json: { type: 'boolean', text: 'print what was made as JSON, for programs' },
  credentials: {
    type: 'string',
    short: 'c',
    value: 'ZIP',
    text: 'the archive credentials.zip of the server',
  },
  'fleet-ca': {
    type: 'string',
    value: 'PEM',
    text: 'certificate of the fleet’s own authority: nothing is asked of the server',
  },
  'fleet-ca-key': { type: 'string', value: 'PEM', text: 'its private key' },
  bits: { type: 'string', value: 'N', text: 'size of the RSA key, 2048 to 8192; with --fleet-ca (2048)' },
  days: {
    type: 'string',
    value: 'N',
    text: 'how long the certificate lasts (365 with --fleet-ca, else 36000)',
  },
  'certificate-c': {
    type: 'string',
    value: 'CC',
    text: 'country in the subject, two letters; with --fleet-ca',
  },
  'certificate-st': { type: 'string', value: 'TEXT', text: 'state in the subject; with --fleet-ca' },
  'certificate-o': { type: 'string', value: 'TEXT', text: 'organisation in the subject; with --fleet-ca' },
  'certificate-cn': { type: 'string', value: 'NAME', text: 'device id; without it a random name' },
  target: {
    type: 'string',
    short: 't',
    value: '[USER@]HOST',
    text: 'copy the files to this device, by ssh and scp',
  },
  port: { type: 'string', short: 'p', value: 'N', text: 'port of its ssh server (22)' },
  directory: {
    type: 'string',
    short: 'd',
    value: 'DIR',
    text: 'where the files go on the device (/var/sota/import)',
  },
  'root-ca': { type: 'boolean', short: 'r', text: 'also the CA certificate of the server' },
  'server-url': { type: 'boolean', short: 'u', text: 'also the URL of the gateway' },
  local: { type: 'string', short: 'l', value: 'DIR', text: 'write the files below this directory' },
  config: {
    type: 'string',
    short: 'g',
    multiple: true,
    value: 'PATH',
    text: 'configuration file or directory that names the files; instead of --directory; may be repeated',
  },
  'skip-checks': { type: 'boolean', short: 's', text: 'accept an unknown host key of the device' },
} as const;

const ALIASES = new Map([
  ['device-ca', 'fleet-ca'],
  ['device-ca-key', 'fleet-ca-key'],
] as const);

export type FleetWish = {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly bits: number;
  readonly country: string | undefined;
  readonly state: string | undefined;
  readonly organization: string | undefined;
};

export type Wishes = {
  readonly action: 'provide';
  readonly credentials: string | undefined;
  readonly fleet: FleetWish | undefined;
  readonly days: number | undefined;
  readonly deviceId: string | undefined;
  readonly target:
    | { readonly host: string; readonly port: number; readonly acceptsAnyKey: boolean }
    | undefined;
  readonly local: string | undefined;
  readonly directory: string | undefined;
  readonly configPaths: readonly string[];
  readonly withRootCa: boolean;
  readonly withServerUrl: boolean;
  readonly isJson: boolean;
};

type OptionName = keyof typeof OPTIONS;
type Values = Given<typeof OPTIONS>['values'];

/** @throws UsageError */
export function readArguments(args: readonly string[]): Wishes | { readonly action: 'help' | 'version' } {
  const { flags, values, lists } = readOptions('aktualizr-cert-provider', OPTIONS, args, ALIASES);
  if (flags.has('help')) return { action: 'help' };
  if (flags.has('version')) return { action: 'version' };
  const [credentials, local, directory] = [
    values.get('credentials'),
    values.get('local'),
    values.get('directory'),
  ];
  const configPaths = lists.get('config') ?? [];
  const target = targetOf(values, flags.has('skip-checks'));
  const fleet = fleetOf(values);
  if (directory !== undefined && configPaths.length > 0)
    throw new UsageError('--directory and --config exclude each other: both say where the files go.');
  if (local === undefined && target === undefined)
    throw new UsageError('Say where the files go: --local, --target, or both.');
  const needsArchive = fleet === undefined || flags.has('root-ca') || flags.has('server-url');
  if (needsArchive && credentials === undefined)
    throw new UsageError('aktualizr-cert-provider needs --credentials.');
  return {
    action: 'provide',
    credentials,
    fleet,
    days: wholeNumber(values, 'days', { min: 1, max: 999_999 }),
    deviceId: deviceIdOf(values),
    target,
    local,
    directory,
    configPaths,
    withRootCa: flags.has('root-ca'),
    withServerUrl: flags.has('server-url'),
    isJson: flags.has('json'),
  };
}

function targetOf(values: Values, acceptsAnyKey: boolean): Wishes['target'] {
  const host = values.get('target');
  if (host === undefined) return undefined;
  if (!/^[A-Za-z0-9_][\w.@%:[\]-]*$/.test(host))
    throw new UsageError(`--target takes [USER@]HOST, not "${host}".`);
  return { host, port: wholeNumber(values, 'port', { min: 1, max: 65_535 }) ?? 22, acceptsAnyKey };
}

function fleetOf(values: Values): FleetWish | undefined {
  const [certificateFile, keyFile] = [values.get('fleet-ca'), values.get('fleet-ca-key')];
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new UsageError('--fleet-ca and --fleet-ca-key belong together.');
  const subject = ['certificate-c', 'certificate-st', 'certificate-o', 'bits'] as const;
  if (certificateFile === undefined || keyFile === undefined) {
    const alone = subject.find((name) => values.has(name));
    if (alone === undefined) return undefined;
    throw new UsageError(`--${alone} needs --fleet-ca: otherwise the server makes the certificate.`);
  }
  const country = values.get('certificate-c');
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country))
    throw new UsageError(`--certificate-c takes two letters, not "${country}".`);
  return {
    certificateFile,
    keyFile,
    country,
    bits: wholeNumber(values, 'bits', { min: 2048, max: 8192 }) ?? 2048,
    state: values.get('certificate-st'),
    organization: values.get('certificate-o'),
  };
}

/** X.509 allows 64 characters in a common name. */
function deviceIdOf(values: Values): string | undefined {
  const id = values.get('certificate-cn');
  if (id !== undefined && !/^[!-~]([ -~]{0,62}[!-~])?$/.test(id))
    throw new UsageError('--certificate-cn takes 1 to 64 printable ASCII characters.');
  return id;
}

function wholeNumber(
  values: Values,
  name: OptionName,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = values.get(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${text}".`);
}

export function helpText(): string {
  return [
    'aktualizr-cert-provider OPTIONS: makes the credentials of one device, by the server (--credentials) or by the fleet’s',
    'own authority (--fleet-ca), and writes or copies them to where the device imports them.',
    '',
    ...optionLines(OPTIONS),
    '',
    'Exit codes: 0 done; 64 usage; 69 the server or the device was not reached; 74 files cannot be written; 77 the server',
    'refuses the archive or the device id; 78 a configuration or the fleet authority cannot be used. Unlike the original,',
    'it also fails when ssh or scp does.',
  ].join('\n');
}
