// Calls an integrator's program and answers how it ended: hooks, health checks, the package manager `script`, the tools of
// U-Boot. It gets a small environment without secrets, ends with its children when its time is over, and says one line.
// client-features FIO-06, SYS-07.
import type { ChildProcess } from 'node:child_process';

const PATIENCE_MS = 2000;
const KEPT_CHARACTERS = 16 * 1024;
const MAX_LINE = 200;
/** Of our own environment; everything else may hold what is nobody's business. */
const HANDED_ON = ['PATH', 'HOME', 'TZ', 'TMPDIR', 'XDG_RUNTIME_DIR', 'DBUS_SYSTEM_BUS_ADDRESS'];

export type ProgramCall = {
  readonly program: string;
  readonly args?: readonly string[];
  /** Whether `program` is a line for the shell. */
  readonly shell?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

/** `why`: why there is no exit code; the words of `not_started` are the system's. */
export type ProgramEnd = {
  readonly code: number | undefined;
  readonly why?: 'not_started' | 'timeout' | 'killed';
  readonly stdout: string;
  readonly stderr: string;
};

/** Resolves however the program ends; rejects with the signal's reason after an abort. */
export async function callProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { program, args = [], shell = false, stdin = '', signal } = call;
  signal?.throwIfAborted();
  const { spawn } = await import('node:child_process');
  const child = spawn(program, args, {
    shell,
    stdio: 'pipe',
    // A group of its own, so that what it started ends with it.
    detached: true,
    env: environmentOf(call),
  });
  let why: ProgramEnd['why'];
  const end = (reason: 'timeout' | 'killed') => {
    why ??= reason;
    endGroup(child);
  };
  const timer = setTimeout(() => end('timeout'), call.timeoutMs);
  const onAbort = () => end('killed');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    // A program that does not read its input is none the worse for it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    const output = [keep(child.stdout), keep(child.stderr)] as const;
    const code = await ended(child);
    signal?.throwIfAborted();
    const [stdout = '', stderr = ''] = output.map((kept) => kept());
    if (code instanceof Error) return { code: undefined, why: 'not_started', stdout, stderr: code.message };
    return code === undefined || why !== undefined
      ? { code: undefined, why: why ?? 'killed', stdout, stderr }
      : { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // What it left behind keeps running; it does not keep us running.
    for (const stream of child.stdio) stream?.destroy();
  }
}

/** What it said, in one line: the first of standard error, else of standard output; else how it ended. */
export function wordsOf({ code, why, stdout, stderr }: ProgramEnd): string {
  const said = firstLine(stderr) || firstLine(stdout);
  if (why === 'timeout')
    return said === '' ? 'it took too long' : `it took too long: ${said}`.slice(0, MAX_LINE);
  if (said !== '') return said;
  return why === undefined ? `exit code ${code}` : 'it was ended by a signal';
}

/** Bounded, and nothing in it that a terminal acts on. */
export function firstLine(text: string): string {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  return line
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()
    .slice(0, MAX_LINE);
}

function environmentOf({ environment = {} }: ProgramCall): Record<string, string> {
  const given = HANDED_ON.map((name) => [name, process.env[name]] as const);
  const handedOn = given.filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { ...Object.fromEntries(handedOn), LC_ALL: 'C', ...environment };
}

type Kept = () => string;

function keep(stream: NodeJS.ReadableStream): Kept {
  let kept = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => (kept += piece.slice(0, KEPT_CHARACTERS - kept.length)));
  return () => kept;
}

/** The exit code, undefined after a signal, or why it could not be started. */
function ended(child: ChildProcess): Promise<number | undefined | Error> {
  return new Promise((resolve) => {
    let code: number | undefined;
    child.once('error', resolve);
    child.once('exit', (exitCode) => {
      code = exitCode ?? undefined;
      // Something that it left behind may hold its output open: what was said until now counts.
      setTimeout(() => resolve(code), PATIENCE_MS).unref();
    });
    child.once('close', () => resolve(code));
  });
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE_MS);
  child.once('close', () => clearTimeout(timer));
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
