// Mutation testing of packages/uptane/src/verify: Stryker changes the code in every small way, and a test has to notice.
// What no test notices is explained in survivors.json, or the run has failed. Writes docs/generated/mutation.md.
// `node test/mutation/run.ts [FILE…]` takes the named files of verify/ alone, and writes no page.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mutationPage, unexplained, type MutationReport, type Survivor } from './report.ts';
import { makeSandbox } from './sandbox.ts';

const HERE = import.meta.dirname;
const ROOT = path.dirname(path.dirname(HERE));
const PAGE = path.join(ROOT, 'docs/generated/mutation.md');
const SOURCES = 'packages/uptane/src/verify';
/** What decides beside it: which images a delegation may speak for. */
const BESIDE = 'packages/uptane/src/dialect/match-path.ts';
/** Those that are fast and come to the same end whenever they run; first those that notice most in the least time. */
const TESTS = [
  'packages/uptane/src/{verify,dialect}/*.test.ts',
  'packages/uptane/test/attacks/{drop-request,time,time-of-clock,vehicle-replay,multi-role}.test.ts',
  'packages/uptane/test/tuf/*.test.ts',
  'packages/uptane/test/{matching,repository-mapping,secondaries}.test.ts',
  'packages/uptane/test/attacks/*.test.ts',
  'packages/uptane/test/*.test.ts',
];
/** What they notice, others notice too. */
const SLOW = ['golden', 'power-cuts', 'bad-input', 'absurd-values', 'key-exchange'];

export type MutationOutcome = {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
};

export function runMutations(files: readonly string[] = []): MutationOutcome {
  const started = performance.now();
  install();
  const sandbox = makeSandbox(ROOT, ['uptane', 'testkit']);
  try {
    const report = mutate(sandbox, files);
    const explanations = JSON.parse(readFileSync(path.join(HERE, 'survivors.json'), 'utf8')) as Survivor[];
    const left = unexplained(report, explanations);
    const seconds = (performance.now() - started) / 1000;
    for (const { file, line, mutator, original, replacement } of left)
      console.log(`survived: ${file}:${line} ${mutator}: ${original} → ${replacement}`);
    if (files.length === 0) {
      mkdirSync(path.dirname(PAGE), { recursive: true });
      writeFileSync(PAGE, mutationPage(report, explanations, seconds));
    }
    const mutants = Object.values(report.files).flatMap((file) => file.mutants);
    const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    return { name: 'mutation', passed: killed, failed: left.length, seconds };
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

/** From the lockfile beside this file, once. */
function install(): void {
  if (existsSync(path.join(HERE, 'node_modules/@stryker-mutator/core'))) return;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) throw new Error('npm ci failed in test/mutation');
}

function mutate(sandbox: string, files: readonly string[]): MutationReport {
  const plugin = (name: string): string => path.join(HERE, 'node_modules', name);
  const chosen = files.length === 0 ? ['*'] : files.map((file) => path.basename(file, '.ts'));
  const tests = new Set(TESTS.flatMap((pattern) => globSync(pattern, { cwd: sandbox }).sort()));
  const json = path.join(sandbox, 'mutation.json');
  const configuration = {
    testRunner: 'tap',
    tap: {
      testFiles: [...tests].filter((file) => !SLOW.includes(path.basename(file, '.test.ts'))),
      nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
    },
    plugins: [
      plugin('@stryker-mutator/tap-runner/dist/src/index.js'),
      path.join(HERE, 'texts-of-errors.mjs'),
    ],
    ignorers: ['texts-of-errors'],
    mutate: [
      ...chosen.map((name) => `${SOURCES}/${name}.ts`),
      ...(files.length === 0 ? [BESIDE] : []),
      `!${SOURCES}/*.test.ts`,
    ],
    coverageAnalysis: 'perTest',
    inPlace: true,
    concurrency: 2,
    disableTypeChecks: false,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: json },
    incremental: true,
    incrementalFile: path.join(HERE, 'node_modules/.cache/incremental.json'),
    tempDirName: path.join(sandbox, '.stryker'),
    timeoutMS: 10_000,
  };
  writeFileSync(path.join(sandbox, 'stryker.config.json'), JSON.stringify(configuration));
  const stryker = path.join(HERE, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const result = spawnSync(process.execPath, [stryker, 'run', 'stryker.config.json'], {
    cwd: sandbox,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: path.join(sandbox, '.compiled'),
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  if (!existsSync(json)) throw new Error(`Stryker ended with ${result.status} and left no report`);
  return JSON.parse(readFileSync(json, 'utf8')) as MutationReport;
}

if (import.meta.main) {
  const { passed, failed, seconds } = runMutations(process.argv.slice(2));
  console.log(`${passed} killed, ${failed} survived without an explanation, ${seconds.toFixed(0)} s`);
  process.exitCode = failed === 0 ? 0 : 1;
}
