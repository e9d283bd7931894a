// A command under strace: what it wrote to which file, or its death at one of these calls. Only Linux has it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))));
const command = path.join(root, 'apps/aktualizr/bin/aktualizr.js');

/** Everything that changes a file's bytes or a directory's names. */
export const WRITING_CALLS =
  'write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat';

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
};

export function aktualizr(args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [command, ...args]);
}

/** `strace` gets its options, then aktualizr with its arguments. Answers once both have ended. */
export function tracedAktualizr(strace: readonly string[], args: readonly string[]): Promise<Ended> {
  return run('strace', ['-f', '-qq', ...strace, process.execPath, command, ...args]);
}

function run(file: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

/** One call of a log written with `-y -xx -s ALL -ttt`: descriptors carry their paths, texts are hexadecimal. */
export type Call = {
  readonly name: string;
  readonly atSeconds: number;
  /** As strace prints it; strings are decoded on demand. */
  readonly args: string;
  readonly result: number;
};

const LINE = /^\d+ +(\d+\.\d+) (\w+)\((.*)\) += (-?\d+)/;
const BEGUN = /^(\d+) +(\d+\.\d+) (\w+)\((.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/;

/** Calls that succeeded, in the order in which they ended. */
export function readCalls(log: string): readonly Call[] {
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const unfinished = BEGUN.exec(line);
    if (unfinished !== null) {
      begun.set(unfinished[1] ?? '', unfinished[4] ?? '');
      continue;
    }
    const resumed = RESUMED.exec(line);
    const whole = resumed === null ? LINE.exec(line) : undefined;
    const found =
      resumed === null
        ? whole && { at: whole[1], name: whole[2], args: whole[3] ?? '', result: Number(whole[4]) }
        : {
            at: resumed[2],
            name: resumed[3],
            args: (begun.get(resumed[1] ?? '') ?? '') + (resumed[4] ?? ''),
            result: Number(resumed[5]),
          };
    if (!found || found.result < 0) continue;
    calls.push({
      name: found.name ?? '',
      atSeconds: Number(found.at),
      args: found.args,
      result: found.result,
    });
  }
  return calls;
}

/** The path of the descriptor that is the first argument: `21</path>`. */
export function pathOfDescriptor(args: string): string | undefined {
  const found = /^\d+<([^>]*)>/.exec(args)?.[1];
  return found === undefined ? undefined : decoded(found);
}

/** The quoted strings of the arguments, as bytes. */
export function stringsOf(args: string): readonly Buffer[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = '']) => hex(text));
}

function decoded(text: string): string {
  return text.includes('\\x') ? hex(text).toString('utf8') : text;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
