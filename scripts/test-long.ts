// The same tests with larger bounds: more kills, more random mutations; and mutation testing of verify/. Writes what came
// out, with its date, to docs/generated/test-long.md; the file is committed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { runMutations } from '../test/mutation/run.ts';
import { ensurePackages, isRootOnDebian } from './debian-packages.ts';
import { close, runPart, type Outcome } from './test.ts';

const BOUNDS: Readonly<Record<string, string>> = {
  OTA_TEST_KILLS: '200',
  OTA_TEST_DOWNLOAD_KILLS: '1000',
  OTA_TEST_RUNS: '20000',
};

const PARTS = [
  { name: 'kill -9', patterns: ['e2e/kill.test.ts', 'packages/libaktualizr/test/killed-downloads.test.ts'] },
  { name: 'any byte', patterns: ['packages/uptane/test/properties/any-byte.test.ts'] },
  { name: 'any order', patterns: ['packages/uptane/test/properties/{any-order,plain-tuf}.test.ts'] },
  { name: 'fuzzing', patterns: ['packages/uptane/test/fuzz/*.test.ts'] },
  {
    name: 'nothing is lost',
    patterns: ['test/long/*.test.ts', 'packages/libaktualizr/test/stage-faults.test.ts'],
    timeoutMs: 3_600_000,
  },
  { name: 'any text', patterns: ['packages/libaktualizr/src/config/load-toml.test.ts'] },
];

function page(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({ name, passed, failed, seconds }) => `| ${name} | ${passed} | ${failed} | ${seconds.toFixed(0)} |`,
  );
  const bounds = Object.entries(BOUNDS).map(([name, value]) => `${name}=${value}`);
  return `# npm run test:long

${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores; ${bounds.join(', ')}.

| part | passed | failed | seconds |
|---|---|---|---|
${rows.join('\n')}
`;
}

if (!isRootOnDebian()) {
  console.error(
    'npm run test:long needs root on Debian: it makes calls of the system fail by means of strace.',
  );
  process.exit(1);
}
ensurePackages(['strace']);
Object.assign(process.env, BOUNDS);
const outcomes: Outcome[] = [];
for (const part of PARTS) outcomes.push(await runPart(part));
outcomes.push(runMutations());
mkdirSync('docs/generated', { recursive: true });
writeFileSync('docs/generated/test-long.md', page(outcomes));
close(outcomes);
