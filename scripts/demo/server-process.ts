// The server of the story: `ota-connect serve` as a process of its own. It stands in its own process group, so that Ctrl-C
// reaches it once and in order: through `stop`. Until it serves it alone decides whether anything is written; then what
// it prints goes to a log beside its data.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, openSync } from 'node:fs';
import path from 'node:path';
import { StoryError, lastLine, serverBin } from './run-command.ts';

export type ServerProcess = {
  readonly pid: number;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
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

type Addresses = { readonly apiUrl: string; readonly gatewayUrl: string };

/** What the process has printed; `continueIn` moves it to a file, with all that follows. */
type Printed = { out(): string; errors(): string; continueIn(file: string): void };

const SERVES_WITHIN_MS = 30_000;

/** Answers when the server serves; throws StoryError with the server's own sentence when it ends before. */
export async function startServer(place: ServerPlace, signal: AbortSignal): Promise<ServerProcess> {
  const child = spawnServer(place);
  const printed = collect(child);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code));
  });
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  try {
    const addresses = await untilServing(child, printed, signal);
    const logFile = path.join(place.dataDir, 'server.log');
    printed.continueIn(logFile);
    return { pid: child.pid ?? 0, ...addresses, logFile, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnServer(place: ServerPlace): ChildProcess {
  const words = ['serve', '--data-dir', place.dataDir];
  words.push('--api-port', String(place.apiPort), '--gateway-port', String(place.gatewayPort));
  return spawn(process.execPath, [serverBin, ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): Printed {
  const texts = { stdout: '', stderr: '' };
  let log: NodeJS.WritableStream | undefined;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      if (log === undefined) texts[name] += text;
      else log.write(text);
    });
  }
  return {
    out: () => texts.stdout,
    errors: () => texts.stderr,
    continueIn(file) {
      const fd = openSync(file, 'a', 0o600);
      log = createWriteStream(file, { fd });
      // The server goes on without its log.
      log.on('error', (error) => console.error(`The log ${file} cannot be written: ${error.message}`));
      log.write(texts.stdout + texts.stderr);
      child.on('close', () => log?.end());
    },
  };
}

/** Our own process says that it serves: whoever answers on its port may be another server. */
async function untilServing(child: ChildProcess, printed: Printed, signal: AbortSignal): Promise<Addresses> {
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const addresses = readAddresses(printed.out());
      if (addresses !== undefined) resolve(addresses);
    });
    child.on('error', reject);
    child.on('close', () =>
      reject(new StoryError(ownSentence(printed.errors()) ?? 'The server ended before it served.')),
    );
    signal.addEventListener('abort', () => reject(new StoryError('Stopped before the server served.')));
    AbortSignal.timeout(SERVES_WITHIN_MS).addEventListener('abort', () =>
      reject(new StoryError(`The server did not serve within ${SERVES_WITHIN_MS / 1000} s.`)),
    );
  });
}

function readAddresses(text: string): Addresses | undefined {
  const apiUrl = /^ +user API +(http:\S+) /m.exec(text)?.[1];
  const gatewayUrl = /^ +device gateway +(https:\S+)\n/m.exec(text)?.[1];
  return apiUrl === undefined || gatewayUrl === undefined ? undefined : { apiUrl, gatewayUrl };
}

/** What the server said about itself, with the stack where it is a fault of ours; after a crash, the line with the error. */
function ownSentence(errors: string): string | undefined {
  const own = errors.search(/^ota-connect: /m);
  if (own >= 0) return errors.slice(own).trim();
  return errors.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? lastLine(errors);
}
