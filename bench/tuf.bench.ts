// The core as a client of a plain TUF repository, against tuf-js on the same one over the same HTTP server: a refresh
// with many targets, in fresh processes and warm.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashesOf, TufRepository } from '@ota-connect/testkit';
import { addSeconds, instantFromMs } from '@ota-connect/uptane';
import { median, measureNode, repeated, type Figures } from './measure.ts';
import type { Client, Warm } from './refresh-tuf.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const TARGETS = 10_000;
/** tuf-js copies the table of targets for each target: with as many as above it takes half a minute, measured once. */
const FEW_TARGETS = 1000;
const PROCESS_RUNS = 7;
const MAX_RATIO = 0.7;
const DAY = 86_400;
const child = path.join(path.dirname(fileURLToPath(import.meta.url)), 'refresh-tuf.ts');

/** Entries as tools of TUF write them. */
function repositoryOf(count: number, indent: number | undefined): TufRepository {
  const repository = new TufRepository(addSeconds(instantFromMs(Date.now()), DAY));
  repository.indent = indent;
  repository.listHashes = true;
  for (let index = 0; index < count; index += 1) {
    const name = `packages/app-${String(index).padStart(6, '0')}.bin`;
    const { sha256 } = hashesOf(Buffer.from(name));
    repository.roles.targets.targets.set(name, { hashes: { sha256 }, length: 1000 + index });
  }
  repository.publish();
  return repository;
}

async function served(repository: TufRepository, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(({ url = '' }, response) => {
    const bytes = repository.answer(url.slice(1));
    if (bytes === 'absent') response.writeHead(404).end();
    else response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await work(`http://127.0.0.1:${port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

export async function tufBench(emit: Emit): Promise<void> {
  await compare({ count: TARGETS, form: 'fresh process' }, emit, async (run) => ({
    ours: await repeated(PROCESS_RUNS, () => run.process('ours')),
    peer: await run.process('peer'),
  }));
  await compare({ count: FEW_TARGETS, form: 'fresh process' }, emit, async (run) => ({
    ours: await repeated(PROCESS_RUNS, () => run.process('ours')),
    peer: await repeated(PROCESS_RUNS, () => run.process('peer')),
  }));
  for (const indent of [undefined, 1])
    await compare(
      { count: FEW_TARGETS, form: indent === undefined ? 'warm' : 'indented, warm', indent },
      emit,
      (run) => run.warm(),
    );
}

type Subject = { readonly count: number; readonly form: string; readonly indent?: number | undefined };
type Cpu = Pick<Figures, 'cpuSeconds'>;
type Run = {
  readonly process: (client: Client) => Promise<Figures>;
  readonly warm: () => Promise<Record<Client, Cpu>>;
};

async function compare(
  { count, form, indent }: Subject,
  emit: Emit,
  measure: (run: Run) => Promise<Record<Client, Cpu>>,
): Promise<void> {
  const repository = repositoryOf(count, indent);
  const env = { BENCH_TUF_ROOT: new TextDecoder().decode(repository.files.get('1.root.json')) };
  await served(repository, async (url) => {
    const { ours, peer } = await measure({
      process: (client) => measureNode([child, client, url], env),
      warm: () => warmIn(url, env),
    });
    const name = `TUF refresh of ${count} targets, ${form}`;
    const ratio = ours.cpuSeconds / peer.cpuSeconds;
    emit({ name: `${name}: CPU`, value: rounded(ours.cpuSeconds * 1000), unit: 'ms' });
    const promise = count === TARGETS ? { promised: `<= ${MAX_RATIO}`, kept: ratio <= MAX_RATIO } : {};
    emit({
      name: `${name}: CPU ratio`,
      value: rounded(ratio),
      unit: '×',
      ...promise,
      against: `tuf-js ${peerVersion()}`,
    });
  });
}

async function warmIn(url: string, env: NodeJS.ProcessEnv): Promise<Record<Client, Cpu>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-warm-'));
  try {
    const file = path.join(folder, 'spent.json');
    await measureNode([child, 'warm', url, file], env);
    const spent = JSON.parse(readFileSync(file, 'utf8')) as Warm;
    const cpu = (client: Client): Cpu => ({ cpuSeconds: median(spent[client]) / 1000 });
    return { ours: cpu('ours'), peer: cpu('peer') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function peerVersion(): string {
  const file = fileURLToPath(new URL('../package.json', import.meta.resolve('tuf-js')));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
