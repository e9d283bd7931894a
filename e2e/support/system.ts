// A whole OTA Connect as a user has it: the server in a process of its own on a scratch data directory, the commands
// `ota` and `aktualizr` as processes. Everything lies in one temporary folder and is gone after `stop`.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const BINS = {
  server: path.join(root, 'apps/server/bin/ota-connect.js'),
  ota: path.join(root, 'apps/ota/bin/ota.js'),
  aktualizr: path.join(root, 'apps/aktualizr/bin/aktualizr.js'),
  'aktualizr-info': path.join(root, 'apps/aktualizr/bin/aktualizr-info.js'),
} as const;

export type Finished = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type System = {
  readonly folder: string;
  readonly dataDir: string;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly gatewayPort: number;
  readonly serverPid: () => number;
  /** Runs `ota ARGS --json`, expects exit 0, answers the decoded document. */
  readonly ota: (...args: string[]) => Promise<unknown>;
  readonly otaRaw: (...args: string[]) => Promise<Finished>;
  readonly stopServer: (signal?: NodeJS.Signals) => Promise<void>;
  readonly startServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Starts one of our commands; the caller waits with `finished`. */
export function start(
  bin: keyof typeof BINS,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  return spawn(process.execPath, [BINS[bin], ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function finished(child: ChildProcess): Promise<Finished> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

export async function runCommand(
  bin: keyof typeof BINS,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  return finished(start(bin, args, env));
}

async function untilHealthy(apiUrl: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (server.exitCode !== null)
      throw new Error(`the server exited with ${server.exitCode} before it was healthy`);
    const healthy = await fetch(`${apiUrl}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (healthy) return;
    await sleep(100);
  }
  throw new Error('the server was not healthy within 30 s');
}

/** Starts the server and signs `ota` in through its environment. */
export async function startSystem(): Promise<System> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-e2e-'));
  const dataDir = path.join(folder, 'server');
  const [apiPort, gatewayPort] = [await freePort(), await freePort()];
  const apiUrl = `http://localhost:${apiPort}`;
  let server: ChildProcess | undefined;
  const startServer = async (): Promise<void> => {
    server = start('server', [
      'serve',
      '--data-dir',
      dataDir,
      '--api-port',
      String(apiPort),
      '--gateway-port',
      String(gatewayPort),
    ]);
    server.stdout?.resume();
    server.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    await untilHealthy(apiUrl, server);
  };
  const stopServer = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const running = server;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const closed = new Promise((resolve) => running.once('close', resolve));
    running.kill(signal);
    await closed;
  };
  await startServer();
  const env = {
    OTA_URL: apiUrl,
    OTA_TOKEN: readFileSync(path.join(dataDir, 'operator-token'), 'utf8').trim(),
    HOME: folder,
  };
  const otaRaw = (...args: string[]): Promise<Finished> => runCommand('ota', args, env);
  const ota = async (...args: string[]): Promise<unknown> => {
    const done = await otaRaw(...args, '--json');
    if (done.code !== 0) throw new Error(`ota ${args.join(' ')} exited with ${done.code}: ${done.stderr}`);
    return JSON.parse(done.stdout);
  };
  return {
    folder,
    dataDir,
    apiUrl,
    gatewayUrl: `https://localhost:${gatewayPort}`,
    gatewayPort,
    serverPid: () => server?.pid ?? 0,
    ota,
    otaRaw,
    startServer,
    stopServer,
    stop: async () => {
      await stopServer();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Device = {
  readonly configDir: string;
  readonly storageDir: string;
  readonly imagesDir: string;
  readonly aktualizr: (...args: string[]) => Promise<Finished>;
  readonly spawn: (...args: string[]) => ChildProcess;
  readonly info: () => Promise<Record<string, unknown>>;
};

/** A device in a folder of its own, with shared credentials fetched by `ota`. `gatewayUrl` may lead through a proxy. */
export async function createDevice(
  system: System,
  name: string,
  options: { gatewayUrl?: string; extra?: string } = {},
): Promise<Device> {
  const folder = path.join(system.folder, name);
  const configDir = path.join(folder, 'conf.d');
  const storageDir = path.join(folder, 'storage');
  const imagesDir = path.join(folder, 'images');
  mkdirSync(configDir, { recursive: true });
  const credentials = path.join(folder, 'credentials.zip');
  await system.ota('credentials', 'create', '--output', credentials);
  writeFileSync(
    path.join(configDir, '10-device.toml'),
    `[tls]
server = "${options.gatewayUrl ?? system.gatewayUrl}"

[provision]
provision_path = "${credentials}"
device_id = "${name}"
primary_ecu_hardware_id = "e2e-board"

[storage]
path = "${storageDir}"

[pacman]
type = "none"
images_path = "${imagesDir}"

[import]
base_path = "${path.join(folder, 'import')}"

[control]
socket = "${path.join(folder, 'control.sock')}"
dbus = "off"

[bootloader]
reboot_sentinel_dir = "${path.join(folder, 'session')}"

[uptane]
key_type = "ED25519"
polling_sec = 1
${options.extra ?? ''}`,
  );
  return {
    configDir,
    storageDir,
    imagesDir,
    aktualizr: (...args) => runCommand('aktualizr', ['--config', configDir, ...args]),
    spawn: (...args) => start('aktualizr', ['--config', configDir, ...args]),
    info: async () => {
      const done = await runCommand('aktualizr-info', ['--config', configDir, '--json']);
      return JSON.parse(done.stdout) as Record<string, unknown>;
    },
  };
}
