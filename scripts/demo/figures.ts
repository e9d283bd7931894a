// The two figures at the end of the story. They are measured, never asserted.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for the last answers and a garbage collection to be over. */
const IDLE_MS = 3_000;

/** MiB that the process holds when it has nothing to do; undefined where the system does not tell. */
export async function residentMiBWhenIdle(pid: number): Promise<number | undefined> {
  await sleep(IDLE_MS);
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  }
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  const kib = Number.parseInt(stdout ?? '', 10);
  return Number.isNaN(kib) ? undefined : kib / 1024;
}
