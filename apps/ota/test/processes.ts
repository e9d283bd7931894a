// `ota` and the server as a user has them: processes. Everything lies in one temporary folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const apps = fileURLToPath(new URL('../../', import.meta.url));
const otaBin = path.join(apps, 'ota/bin/ota.js');
const serverBin = path.join(apps, 'server/bin/ota-connect.js');

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Desk = {
  readonly folder: string;
  /** Runs `ota` with its configuration in the folder; `input` goes to stdin. */
  ota(words: readonly string[], env?: NodeJS.ProcessEnv, input?: string): Promise<Finished>;
  /** Expects exit code 0 and one JSON document. */
  json(...words: string[]): Promise<Record<string, unknown>>;
  clear(): void;
};

export function createDesk(): Desk {
  const folder = mkdtempSync(path.join(tmpdir(), 'ota-test-'));
  const { OTA_URL: _url, OTA_TOKEN: _token, ...inherited } = process.env;
  const base = { ...inherited, XDG_CONFIG_HOME: path.join(folder, 'config'), NO_COLOR: '1' };
  const ota: Desk['ota'] = (words, env = {}, input = '') => {
    const child = spawn(process.execPath, [otaBin, ...words], { env: { ...base, ...env } });
    child.stdin.end(input);
    return finished(child);
  };
  return {
    folder,
    ota,
    json: async (...words) => {
      const { code, stdout, stderr } = await ota([...words, '--json']);
      if (code !== 0) throw new Error(`ota ${words.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type Server = { readonly url: string; readonly token: string; stop(): Promise<void> };

export async function startServer(dataDir: string): Promise<Server> {
  const words = ['serve', '--data-dir', dataDir, '--api-port', '0', '--gateway-port', '0'];
  const child = spawn(process.execPath, [serverBin, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await printedUrl(child);
  return {
    url,
    token: readFileSync(path.join(dataDir, 'operator-token'), 'utf8').trim(),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function printedUrl(child: ChildProcess): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const url = /user API\s+(http:\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('close', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

function finished(child: ChildProcess): Promise<Finished> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}
