// Runs every test that needs Node.js and npm alone, part by part, and ends with the time of each part and the counts.
// `node scripts/test.ts [PATTERN…]` runs the named files only.
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

type Part = {
  readonly name: string;
  readonly patterns: readonly string[];
  /** The longest that one file may take; ten minutes when absent. */
  readonly timeoutMs?: number;
};
export type Outcome = {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
};

const PARTS: readonly Part[] = [
  { name: 'packages', patterns: ['packages/*/{src,test}/**/*.test.ts'] },
  { name: 'apps', patterns: ['apps/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'] },
  { name: 'end to end', patterns: ['e2e/*.test.ts'] },
];

/** Counts leaf tests: a suite is not a test. */
export async function runPart(part: Part): Promise<Outcome> {
  const started = performance.now();
  const files = part.patterns.flatMap((pattern) => globSync(pattern)).sort();
  let passed = 0;
  let failed = 0;
  if (files.length > 0) {
    const stream = run({ files, concurrency: 2, timeout: part.timeoutMs ?? 600_000 });
    stream.on('test:pass', (event) => {
      if (event.details.type !== 'suite') passed += 1;
    });
    stream.on('test:fail', () => {
      failed += 1;
    });
    const reporter = new spec();
    stream.compose(reporter).pipe(process.stdout, { end: false });
    await new Promise((resolve) => stream.on('end', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { name: part.name, passed, failed, seconds: (performance.now() - started) / 1000 };
}

/** Prints the closing table; exit status 1 when a test failed or none ran. */
export function close(outcomes: readonly Outcome[]): never {
  console.log('');
  for (const { name, passed, failed, seconds } of outcomes) {
    console.log(
      `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${seconds.toFixed(1)} s`,
    );
  }
  const passed = outcomes.reduce((sum, part) => sum + part.passed, 0);
  const failed = outcomes.reduce((sum, part) => sum + part.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

if (import.meta.main) {
  const named = process.argv.slice(2);
  const parts = named.length > 0 ? [{ name: 'named', patterns: named }] : PARTS;
  const outcomes: Outcome[] = [];
  for (const part of parts) outcomes.push(await runPart(part));
  close(outcomes);
}
