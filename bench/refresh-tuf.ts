// One process, one job: refresh a plain TUF repository from nothing but its Root, with our command (`ours`) or with tuf-js
// (`peer`); or both in turn, warm, with the CPU time of each refresh written to a file (`warm`). tuf.bench.ts starts it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Client = 'ours' | 'peer';
/** CPU milliseconds of each refresh. */
export type Warm = Readonly<Record<Client, readonly number[]>>;

const ROUNDS = 15;
const WARMING = 3;

async function withRoot(root: string, work: (metadataDir: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-tuf-'));
  try {
    writeFileSync(path.join(folder, 'root.json'), root);
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Each loaded with its first job: a process pays for the client that it runs.
const CLIENTS: Readonly<Record<Client, (metadataDir: string, url: string) => Promise<void>>> = {
  async ours(metadataDir, url) {
    const { runTufClient } = await import('../apps/conformance/src/tuf-command.ts');
    const { processWorld } = await import('../apps/conformance/src/arguments.ts');
    const args = ['--metadata-dir', metadataDir, '--metadata-url', url, 'refresh'];
    if ((await runTufClient(args, processWorld())) !== 0) throw new Error('our client does not refresh');
  },
  async peer(metadataDir, url) {
    const { Updater } = await import('tuf-js');
    await new Updater({ metadataDir, metadataBaseUrl: url }).refresh();
  },
};

async function warm(root: string, url: string, resultFile: string): Promise<void> {
  const spent = { ours: [] as number[], peer: [] as number[] };
  for (let round = -WARMING; round < ROUNDS; round += 1)
    for (const client of ['ours', 'peer'] as const)
      await withRoot(root, async (metadataDir) => {
        const before = process.cpuUsage();
        await CLIENTS[client](metadataDir, url);
        const { user, system } = process.cpuUsage(before);
        if (round >= 0) spent[client].push((user + system) / 1000);
      });
  writeFileSync(resultFile, JSON.stringify(spent));
}

// As commands do: what was compiled once is loaded. For both clients.
enableCompileCache();

// Imported, it is not given a job.
const [job, url = '', resultFile = ''] = process.argv.slice(2);
const root = process.env['BENCH_TUF_ROOT'] ?? '';
if (job === 'ours' || job === 'peer') await withRoot(root, (folder) => CLIENTS[job](folder, url));
if (job === 'warm') await warm(root, url, resultFile);
