// Runs a program of the system to its end and answers what it said; the package managers ostree and rauc are made of such
// runs. The program gets no shell, speaks English, and never outlives the call: an abort ends it, first kindly.
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ConfigError } from '../../errors.ts';

const KEPT_CHARACTERS = 64 * 1024;
const PATIENCE_MS = 5000;

export type ProgramCall = {
  readonly program: string;
  /** The key of the configuration that names the program, for the words of a refusal. */
  readonly key: string;
  readonly args: readonly string[];
  readonly signal?: AbortSignal;
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets each line of standard error while the program runs. */
  readonly onLine?: (line: string) => void;
  /** Gets the process id once it runs; whoever has it may read what the system knows of it. */
  readonly onStart?: (pid: number) => void;
  /** Output that nobody reads is not even collected. */
  readonly ignoresOutput?: boolean;
};

export type ProgramEnd = {
  /** 0 is success; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last of it, where it was long. */
  readonly stderr: string;
};

/**
 * Resolves however the program ends; rejects with the signal's reason after an abort.
 * @throws ConfigError `missing_file` when there is no such program
 */
export async function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { program, args, signal, ignoresOutput = false } = call;
  signal?.throwIfAborted();
  const { spawn } = await import('node:child_process');
  const child = spawn(program, args, {
    stdio: ['ignore', ignoresOutput ? 'ignore' : 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...call.env },
  }) as ChildProcessByStdio<null, Readable | null, Readable>;
  if (child.pid !== undefined) call.onStart?.(child.pid);
  const stop = endOnAbort(child, signal);
  try {
    const [stdout, stderr, code] = await Promise.all([
      child.stdout === null ? '' : collect(child.stdout),
      collect(child.stderr, call.onLine),
      ended(child, call),
    ]);
    signal?.throwIfAborted();
    return { code, stdout, stderr };
  } finally {
    stop();
  }
}

async function collect(stream: Readable, onLine: (line: string) => void = () => undefined): Promise<string> {
  let kept = '';
  let begun = '';
  stream.setEncoding('utf8');
  for await (const piece of stream as AsyncIterable<string>) {
    kept = (kept + piece).slice(-KEPT_CHARACTERS);
    const lines = (begun + piece).split('\n');
    begun = (lines.pop() ?? '').slice(-KEPT_CHARACTERS);
    for (const line of lines) onLine(line);
  }
  return kept;
}

function ended(child: ChildProcessByStdio<null, Readable | null, Readable>, call: ProgramCall) {
  return new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(call, cause)));
    child.once('close', resolve);
  });
}

function notStarted({ program, key }: ProgramCall, cause: Error): Error {
  const code = 'code' in cause ? cause.code : undefined;
  if (code !== 'ENOENT' && code !== 'EACCES') return cause;
  const why = code === 'ENOENT' ? 'is not installed' : 'may not be run';
  return new ConfigError('missing_file', `The program "${program}" (${key}) ${why}.`, {
    cause,
    details: { file: program },
  });
}

function endOnAbort(
  child: ChildProcessByStdio<null, Readable | null, Readable>,
  signal?: AbortSignal,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    child.kill('SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal?.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  };
}
