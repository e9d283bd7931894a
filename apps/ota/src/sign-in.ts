// Where `ota` keeps which server it talks to: ~/.config/ota/config.json (below XDG_CONFIG_HOME when that is set),
// readable by its owner alone. OTA_URL and OTA_TOKEN go before it. A stored token is sent to no other server
// than the one it was stored for.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

export const DEFAULT_URL = 'http://localhost:8080';

export type SignIn = { readonly url: string; readonly token: string };

export function configFile(): string {
  const base = process.env['XDG_CONFIG_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.config') : base, 'ota', 'config.json');
}

/** Who we are for this call. Throws when nobody has signed in. */
export function currentSignIn(): SignIn {
  const url = environment('OTA_URL');
  const token = environment('OTA_TOKEN');
  const stored = url === undefined || token === undefined ? storedSignIn() : undefined;
  if (token !== undefined) {
    return { url: parseUrl(url ?? stored?.url ?? DEFAULT_URL), token: parseToken(token, 'OTA_TOKEN') };
  }
  if (stored === undefined) {
    throw new CommandError('not_signed_in', EXIT.notSignedIn, 'Not signed in; run: ota login --url URL');
  }
  if (url !== undefined && parseUrl(url) !== stored.url) {
    throw new CommandError(
      'not_signed_in',
      EXIT.notSignedIn,
      `Not signed in to ${parseUrl(url)} (OTA_URL) but to ${stored.url}; set OTA_TOKEN too, or run: ota login`,
    );
  }
  return stored;
}

export function storedSignIn(): SignIn | undefined {
  const path = configFile();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new CommandError('config_unreadable', EXIT.notSignedIn, `Cannot read ${path}; run: ota login`, {
      cause: error,
    });
  }
  const stored = parseStored(text);
  if (stored === undefined) {
    throw new CommandError('config_damaged', EXIT.notSignedIn, `${path} is damaged; run: ota login`);
  }
  return stored;
}

/** Written beside and renamed, so that a cut leaves the old file or the new one. */
export function storeSignIn(signIn: SignIn): void {
  const path = configFile();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, `${JSON.stringify({ url: signIn.url, token: signIn.token }, undefined, 2)}\n`, {
    mode: 0o600,
    flag: 'wx',
  });
  renameSync(temporary, path);
}

export function forgetSignIn(): void {
  rmSync(configFile(), { force: true });
}

/** `http://host:port` without a trailing slash; a path before /api is kept, credentials in the URL are refused. */
export function parseUrl(text: string): string {
  const url = URL.parse(text);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!usable) {
    throw new CommandError(
      'bad_url',
      EXIT.usage,
      'The URL of the server must look like http://localhost:8080, without user and password',
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** `origin` names where it came from; the token itself is never shown. */
export function parseToken(text: string, origin: string): string {
  const token = text.trim();
  if (!/^[!-~]+$/.test(token)) {
    throw new CommandError('bad_token', EXIT.usage, `${origin} holds no token (one word of printable ASCII)`);
  }
  return token;
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function parseStored(text: string): SignIn | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null || !('url' in value) || !('token' in value))
    return undefined;
  const { url, token } = value;
  return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined;
}
