// What `npm test` checks before it runs a test: format, lint with the layer rules, types, SQL in its place, dead code,
// that every demand of the Standard has its test or its owner.
// Each check is a tool; all run, then the failures are shown. Exit 1 when one fails.
import { spawn } from 'node:child_process';
import { checkPlaces } from './check-places.ts';

type Check = { readonly name: string; readonly command: string; readonly args: readonly string[] };

const CHECKS: readonly Check[] = [
  { name: 'format', command: 'oxfmt', args: ['--check', '.'] },
  { name: 'lint and layers', command: 'oxlint', args: ['--type-aware', '--deny-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'dead code', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
  { name: 'conformance', command: 'node', args: ['scripts/docs-conformance.ts'] },
  { name: 'error codes', command: 'node', args: ['scripts/docs-errors.ts'] },
  { name: 'API reference', command: 'node', args: ['scripts/docs-api.ts'] },
];

async function run(check: Check): Promise<{ ok: boolean; output: string; ms: number }> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(`node_modules/.bin/${check.command}`, check.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: error.message, ms: 0 }));
    child.on('close', (code) =>
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString(), ms: performance.now() - started }),
    );
  });
}

function report(name: string, result: { ok: boolean; output: string; ms: number }): boolean {
  console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${name} (${(result.ms / 1000).toFixed(1)} s)`);
  if (!result.ok) console.log(result.output);
  return result.ok;
}

const verdicts: boolean[] = [];
for (const check of CHECKS) verdicts.push(report(check.name, await run(check)));
const started = performance.now();
const misplaced = checkPlaces('.');
verdicts.push(
  report('places', {
    ok: misplaced.length === 0,
    output: misplaced.join('\n'),
    ms: performance.now() - started,
  }),
);
process.exit(verdicts.every(Boolean) ? 0 : 1);
