// Whole-process figures: wall and CPU seconds, peak memory. A Node.js process tells its own resource usage as it exits,
// any other command is timed by the shell; medians over the runs, because these machines are noisy.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Figures = { readonly wallSeconds: number; readonly cpuSeconds: number; readonly peakMiB: number };

// CommonJS: loading it takes under a millisecond, an ES module ten times that.
const EXIT_HOOK = `
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const file = process.env.BENCH_USAGE_FILE;
// On Linux maxRSS of a child begins with what its parent had; the high-water mark is its own.
const status = '/proc/self/status';
const peakKiB = (usage) => existsSync(status) ? Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync(status, 'utf8'))[1]) : usage.maxRSS;
if (file) process.on('exit', () => {
  const usage = process.resourceUsage();
  writeFileSync(file, JSON.stringify({ cpu: (usage.userCPUTime + usage.systemCPUTime) / 1e6, peak: peakKiB(usage) / 1024 }));
});
`;

async function exitOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr: Buffer.concat(chunks).toString() }));
  });
}

/** One run of a Node.js script, expected to exit with 0. */
export async function measureNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Figures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const hook = path.join(folder, 'hook.cjs');
  const usageFile = path.join(folder, 'usage.json');
  writeFileSync(hook, EXIT_HOOK);
  const started = performance.now();
  const { code, stderr } = await exitOf(process.execPath, ['--require', hook, ...args], {
    ...process.env,
    ...env,
    BENCH_USAGE_FILE: usageFile,
  });
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${args.join(' ')} exited with ${code}: ${stderr}`);
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as { cpu: number; peak: number };
  rmSync(folder, { recursive: true });
  return { wallSeconds, cpuSeconds: usage.cpu, peakMiB: usage.peak };
}

/** Medians of several commands that run in turn, A B A B …: what the machine does meanwhile meets all alike. */
export async function inTurn<Name extends string>(
  runs: number,
  commands: Readonly<Record<Name, () => Promise<Figures>>>,
): Promise<Readonly<Record<Name, Figures>>> {
  const names = Object.keys(commands) as Name[];
  const all = new Map<Name, Figures[]>(names.map((name) => [name, []]));
  for (let run = -1; run < runs; run += 1) {
    for (const name of names) {
      const figures = await commands[name]();
      if (run >= 0) all.get(name)?.push(figures);
    }
  }
  return Object.fromEntries(names.map((name) => [name, mediansOf(all.get(name) ?? [])])) as Record<
    Name,
    Figures
  >;
}

function mediansOf(all: readonly Figures[]): Figures {
  return {
    wallSeconds: median(all.map((figures) => figures.wallSeconds)),
    cpuSeconds: median(all.map((figures) => figures.cpuSeconds)),
    peakMiB: median(all.map((figures) => figures.peakMiB)),
  };
}

/** One run of a shell command line. CPU comes from the shell's own account of its children; memory is not told. */
export async function measureShell(commandLine: string): Promise<Figures> {
  const started = performance.now();
  const { code, stderr } = await exitOf('bash', ['-c', `set -e; ${commandLine}; times >&2`], process.env);
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${commandLine} exited with ${code}: ${stderr}`);
  const times = [...stderr.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  const cpuSeconds = times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { wallSeconds, cpuSeconds, peakMiB: 0 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Medians of each figure over `runs` runs, after one that does not count. */
export async function repeated(runs: number, one: () => Promise<Figures>): Promise<Figures> {
  await one();
  const all: Figures[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await one());
  return mediansOf(all);
}
