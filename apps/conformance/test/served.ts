// Simulated repositories behind a real HTTP server, and the commands run against them: in this process at a time of the
// test's choice, or as the processes that a harness starts.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instant } from '@ota-connect/uptane';
import type { World } from '../src/arguments.ts';

export type Listener = (message: IncomingMessage, response: ServerResponse) => Promise<void> | void;
export type Served = { readonly url: string; readonly close: () => Promise<void> };

/** A listener that throws is a server with a fault: status 500. */
export async function serve(listener: Listener): Promise<Served> {
  const server: Server = createServer((message, response) => {
    Promise.resolve()
      .then(() => listener(message, response))
      .catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Run = { readonly code: number; readonly out: readonly string[]; readonly err: string };
type Command = (args: readonly string[], world: World) => Promise<number>;

export async function runHere(command: Command, args: readonly string[], now: Instant): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const world = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    now: () => now,
  };
  const code = await command(args, world);
  return { code, out, err: err.join('\n') };
}

/** As a harness runs it, `faketime` or nothing before it. */
export async function runProcess(
  name: 'tuf-client' | 'uptane-client',
  args: readonly string[],
  before: readonly string[] = [],
): Promise<Run> {
  const file = fileURLToPath(new URL(`../bin/${name}.js`, import.meta.url));
  const [command = '', ...rest] = [...before, process.execPath, file, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (piece: Buffer) => (text.out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (text.err += piece.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) => resolve(exit ?? -1));
  });
  return { code, out: text.out.trimEnd().split('\n'), err: text.err.trimEnd() };
}

/** In memory where there is such a place: each run forces a dozen files to the disk, and there are a thousand runs. */
const SHARED_MEMORY = '/dev/shm';
const TEMPORARY = existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();

export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(TEMPORARY, 'conformance-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Every file below a folder, hidden ones too, by its path there. */
export function filesIn(folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(folder, file), readFileSync(file, 'utf8'));
  }
  return files;
}
