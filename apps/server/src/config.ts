// What an operator can set: command line first, then environment, then these defaults. Everything has a working default.
// Source: extensions, "Addresses and defaults"
import { resolve } from 'node:path';
import { ConfigError } from './platform/errors.ts';
import type { LogLevel } from './platform/log.ts';

/** Bounds on what one request or one background step may cost. */
export type ServerLimits = {
  /** JSON bodies of the user API and of devices (a manifest of many ECUs stays far below). */
  readonly bodyBytes: number;
  readonly softwareBytes: number;
  /** A device that sends a request slower than this is cut off. */
  readonly deviceRequestMs: number;
  /** A connection that moves no byte for this long is closed. */
  readonly idleMs: number;
  /** Header lines of a request, and a TLS handshake, take no longer. */
  readonly headersMs: number;
  readonly handshakeMs: number;
  /** Of each listener; further ones are closed at once. */
  readonly maxConnections: number;
  /** Longer than the pause between the requests of one poll, so that a poll needs one handshake. */
  readonly keepAliveMs: number;
  /** How often background work looks for what is due. */
  readonly jobPollMs: number;
};

export type Config = {
  readonly dataDir: string;
  /** Address that both listeners bind. */
  readonly host: string;
  readonly apiPort: number;
  readonly gatewayPort: number;
  /** Names and addresses in the gateway's certificate beside localhost; the first is the one devices are told. */
  readonly hostNames: readonly string[];
  /** 64 hex digits; undefined: kept in the data directory. */
  readonly vaultKey: string | undefined;
  readonly logLevel: LogLevel;
  readonly limits: ServerLimits;
};

export type ConfigOptions = { readonly [Key in keyof Config]?: Config[Key] | undefined };

const DEFAULT_LIMITS: ServerLimits = {
  bodyBytes: 4 * 1024 * 1024,
  softwareBytes: 64 * 1024 ** 3,
  deviceRequestMs: 120_000,
  idleMs: 120_000,
  headersMs: 20_000,
  handshakeMs: 20_000,
  maxConnections: 10_000,
  keepAliveMs: 75_000,
  jobPollMs: 5_000,
};

const LOG_LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Throws ConfigError `bad_value` with the name of the setting. */
export function loadConfig(options: ConfigOptions, env: NodeJS.ProcessEnv = {}): Config {
  return {
    dataDir: resolve(options.dataDir ?? env['OTA_CONNECT_DATA_DIR'] ?? '.ota-connect'),
    host: options.host ?? env['OTA_CONNECT_HOST'] ?? '127.0.0.1',
    apiPort: options.apiPort ?? readPort('OTA_CONNECT_API_PORT', env) ?? 8080,
    gatewayPort: options.gatewayPort ?? readPort('OTA_CONNECT_GATEWAY_PORT', env) ?? 8443,
    hostNames: readHostNames(options.hostNames ?? env['OTA_CONNECT_HOST_NAMES']?.split(',') ?? []),
    vaultKey: options.vaultKey ?? env['OTA_CONNECT_VAULT_KEY'],
    logLevel: options.logLevel ?? readLogLevel(env['OTA_CONNECT_LOG_LEVEL']) ?? 'warn',
    limits: options.limits ?? { ...DEFAULT_LIMITS, ...readMaxConnections(env) },
  };
}

/** `what` names the setting in the error's sentence. */
export function parsePort(what: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new ConfigError('bad_value', `${what} must be a port from 0 to 65535, not "${text}".`);
}

function readPort(name: string, env: NodeJS.ProcessEnv): number | undefined {
  const text = env[name];
  return text === undefined ? undefined : parsePort(name, text);
}

function readMaxConnections(env: NodeJS.ProcessEnv): { readonly maxConnections?: number } {
  const text = env['OTA_CONNECT_MAX_CONNECTIONS'];
  if (text === undefined) return {};
  if (/^[1-9]\d{0,6}$/.test(text)) return { maxConnections: Number(text) };
  const message = `OTA_CONNECT_MAX_CONNECTIONS must be a number from 1 to 9999999, not "${text}".`;
  throw new ConfigError('bad_value', message);
}

function readHostNames(names: readonly string[]): readonly string[] {
  const wanted = names.map((name) => name.trim()).filter((name) => name !== '');
  for (const name of wanted) {
    if (!/^[A-Za-z0-9.:-]{1,253}$/.test(name)) {
      throw new ConfigError('bad_value', `"${name}" is neither a host name nor an address.`);
    }
  }
  return wanted;
}

function readLogLevel(text: string | undefined): LogLevel | undefined {
  if (text === undefined) return undefined;
  if (LOG_LEVELS.includes(text)) return text as LogLevel;
  throw new ConfigError(
    'bad_value',
    `OTA_CONNECT_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${text}".`,
  );
}
