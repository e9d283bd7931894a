// Runs our own commands as processes and shows what a person would type to do the same. The bins are started with this
// very Node.js, which is what npx would do after a second of its own start.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

const BINS = {
  ota: path.join(root, 'apps/ota/bin/ota.js'),
  'ota-connect': path.join(root, 'apps/server/bin/ota-connect.js'),
  aktualizr: path.join(root, 'apps/aktualizr/bin/aktualizr.js'),
  'aktualizr-info': path.join(root, 'apps/aktualizr/bin/aktualizr-info.js'),
} as const;

export const serverBin = BINS['ota-connect'];

export type CommandName = keyof typeof BINS;

/** A step of the story that did not end as told. */
export class StoryError extends Error {
  /** Of the command that failed, where it was one. */
  readonly exitCode: number | undefined;
  constructor(message: string, exitCode?: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export type Shell = {
  /** Prints the command, runs it, shows what it prints; throws StoryError unless it ends with 0. */
  show(name: CommandName, ...words: string[]): Promise<string>;
  /** Runs `ota … --json` unseen and answers its document. */
  ask(...words: string[]): Promise<unknown>;
  /** Runs unseen; for commands whose output is the answer. */
  quiet(name: CommandName, ...words: string[]): Promise<string>;
};

export function createShell(env: NodeJS.ProcessEnv, signal: AbortSignal): Shell {
  const run = async (
    name: CommandName,
    words: readonly string[],
    onText: (text: string) => void,
  ): Promise<string> => {
    signal.throwIfAborted();
    const child = startCommand(name, words, env);
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    try {
      const { code, stdout, stderr } = await finished(child, onText);
      signal.throwIfAborted();
      if (code === 0) return stdout;
      const reason = lastLine(stderr) ?? lastLine(stdout) ?? 'it printed nothing';
      throw new StoryError(
        `"${typed(name, words)}" ended with ${code ?? 'a signal'}: ${reason}`,
        code ?? undefined,
      );
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
  return {
    show: (name, ...words) => {
      process.stdout.write(`   ${styleText('cyan', `$ ${typed(name, words)}`)}\n`);
      return run(name, words, indented());
    },
    ask: async (...words) => JSON.parse(await run('ota', [...words, '--json'], () => undefined)) as unknown,
    quiet: (name, ...words) => run(name, words, () => undefined),
  };
}

export function startCommand(
  name: CommandName,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn(process.execPath, [BINS[name], ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** npx takes options before the first other word for its own, hence `--`. */
export function typed(name: CommandName, words: readonly string[]): string {
  const npx = words[0]?.startsWith('-') === true ? 'npx --no --' : 'npx --no';
  return [npx, name, ...words.map(quoted)].join(' ');
}

type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function finished(child: ChildProcess, onText: (text: string) => void): Promise<Finished> {
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
      onText(text);
    });
  }
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

function indented(): (text: string) => void {
  let atLineStart = true;
  return (text) => {
    const shifted = text.replaceAll(/^(?=.)/gm, '     ');
    process.stdout.write(atLineStart ? shifted : shifted.replace(/^ {5}/, ''));
    atLineStart = text.endsWith('\n');
  };
}

export function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1)?.trim() || undefined;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
