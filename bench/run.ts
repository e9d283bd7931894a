// `npm run bench -- [--group core|device|server] [--json]`: runs the groups and prints a table, or one JSON object a line.
import { parseArgs } from 'node:util';
import { coreBench } from './core.bench.ts';
import { daemonBench } from './daemon.bench.ts';
import { deviceBench } from './device.bench.ts';
import type { Result } from './result.ts';
import { serverBench } from './server.bench.ts';
import { tufBench } from './tuf.bench.ts';

type Bench = (emit: (result: Result) => void) => Promise<void>;

const GROUPS: ReadonlyMap<string, Bench> = new Map<string, Bench>([
  [
    'core',
    async (emit) => {
      await coreBench(emit);
      await tufBench(emit);
    },
  ],
  [
    'device',
    async (emit) => {
      await deviceBench(emit);
      await daemonBench(emit);
    },
  ],
  ['server', serverBench],
]);

function line(result: Result): string {
  const promise =
    result.promised === undefined ? '' : `  promised ${result.promised} ${result.kept ? 'kept' : 'NOT KEPT'}`;
  return `${result.name.padEnd(62)} ${String(result.value).padStart(10)} ${result.unit.padEnd(8)} ${result.against ?? ''}${promise}`;
}

const { values } = parseArgs({
  options: { group: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const chosen = values.group === undefined ? [...GROUPS.keys()] : [values.group];
for (const name of chosen) {
  const group = GROUPS.get(name);
  if (group === undefined) {
    process.stderr.write(`No group "${name}". There are: ${[...GROUPS.keys()].join(', ')}.\n`);
    process.exit(64);
  }
  if (!values.json) console.log(`\n${name}`);
  await group((result) => console.log(values.json ? JSON.stringify(result) : line(result)));
}
