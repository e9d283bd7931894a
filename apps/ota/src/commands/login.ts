// `ota login`: checks a token against the server and keeps it. The token comes from a file, from stdin or from a
// prompt without echo, never from the command line, where other users and the shell's history would see it.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Session } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type OutputOptions, note, print } from '../output.ts';
import { DEFAULT_URL, parseToken, parseUrl, storeSignIn } from '../sign-in.ts';

type Options = OutputOptions & { readonly url?: string; readonly tokenFile?: string };

const MAX_TOKEN_BYTES = 16 * 1024;

export function addLogin(program: Command): void {
  const example = 'ota login --url http://localhost:8080 --token-file .ota-connect/operator-token';
  addVerb(program, 'login', 'Sign in to a server and remember it', example)
    .option('--url <url>', `address of the server (default: OTA_URL or ${DEFAULT_URL})`)
    .option('--token-file <file>', 'file with the token, - for stdin (default: OTA_TOKEN, or ask for it)')
    .action(login);
}

async function login(options: Options): Promise<void> {
  const url = parseUrl(options.url ?? (process.env['OTA_URL'] || DEFAULT_URL));
  const token = await obtainToken(options);
  if (url.startsWith('http:') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(url)) {
    note('warning: this address is not encrypted; others on the network can read the token');
  }
  const session = await connect({ url, token }).get<Session>(USER_API.session);
  storeSignIn({ url, token });
  print(options, { url, ...session }, () => `Signed in to ${url} as ${session.token.name}.`);
}

async function obtainToken(options: Options): Promise<string> {
  const fromEnvironment = process.env['OTA_TOKEN'];
  if (options.tokenFile === '-') return parseToken(await readStdin(), 'stdin');
  if (options.tokenFile !== undefined) return parseToken(readTokenFile(options.tokenFile), options.tokenFile);
  if (fromEnvironment !== undefined && fromEnvironment !== '')
    return parseToken(fromEnvironment, 'OTA_TOKEN');
  if (process.stdin.isTTY) return parseToken(await ask('Token: '), 'the answer');
  throw new CommandError('no_token', EXIT.usage, 'No token given; use --token-file FILE, or - to read stdin');
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const text = `Cannot read the token file ${path}; give the file that the server wrote its token to`;
    throw new CommandError('no_token', EXIT.usage, text, { cause: error });
  }
}

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > MAX_TOKEN_BYTES) break;
  }
  return text;
}

/** One line from the terminal, without showing it. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    for await (const line of terminal) return line;
    throw new CommandError('no_token', EXIT.usage, 'No token given');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
