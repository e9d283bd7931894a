// The server of the story: `ota-connect serve` as a process of its own, its log in a file beside its data. It stands in
// its own process group, so that Ctrl-C reaches it once and in order: through `stop`.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoryError, lastLine, serverBin } from './run-command.ts';

export type ServerProcess = {
  readonly pid: number;
  readonly apiUrl: string;
  readonly logFile: string;
  /** Resolves with the exit code when the server ends by itself or was stopped. */
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
};

export type ServerPlace = {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly gatewayPort: number;
};

const HEALTHY_WITHIN_MS = 30_000;

/** Answers when the server is healthy; throws StoryError with the server's own sentence when it ends before. */
export async function startServer(place: ServerPlace, signal: AbortSignal): Promise<ServerProcess> {
  mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });
  const logFile = path.join(place.dataDir, 'server.log');
  const errorFile = path.join(place.dataDir, 'server.err');
  const child = spawnServer(place, logFile, errorFile);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code));
  });
  const server: ServerProcess = {
    pid: child.pid ?? 0,
    apiUrl: `http://localhost:${place.apiPort}`,
    logFile,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
  try {
    await untilHealthy(server.apiUrl, child, signal);
    return server;
  } catch (error) {
    await server.stop();
    if (!(error instanceof StoryError)) throw error;
    throw new StoryError(ownSentence(readFileSync(errorFile, 'utf8')) ?? error.message);
  }
}

function spawnServer(place: ServerPlace, logFile: string, errorFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  const errors = openSync(errorFile, 'w', 0o600);
  const words = ['serve', '--data-dir', place.dataDir];
  words.push('--api-port', String(place.apiPort), '--gateway-port', String(place.gatewayPort));
  try {
    return spawn(process.execPath, [serverBin, ...words], { detached: true, stdio: ['ignore', log, errors] });
  } finally {
    closeSync(log);
    closeSync(errors);
  }
}

/** Another server on the same port would answer too, so ours must also be alive. */
async function untilHealthy(apiUrl: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  while (performance.now() - started < HEALTHY_WITHIN_MS) {
    signal.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new StoryError('The server ended before it was healthy.');
    }
    if (await isHealthy(apiUrl)) return;
    await sleep(50);
  }
  throw new StoryError(`The server was not healthy within ${HEALTHY_WITHIN_MS / 1000} s.`);
}

async function isHealthy(apiUrl: string): Promise<boolean> {
  // Whatever else listens there may accept and never answer.
  return await fetch(`${apiUrl}/health`, { signal: AbortSignal.timeout(1_000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** What the server said about itself; after a crash, the line with the error. */
function ownSentence(errors: string): string | undefined {
  const lines = errors.split('\n');
  return (
    lines.find((line) => line.startsWith('ota-connect: ')) ??
    lines.find((line) => /^\w*Error\b/.test(line)) ??
    lastLine(errors)
  );
}
