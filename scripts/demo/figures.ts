// The two figures at the end of the story. They are measured, never asserted; where the system does not tell one, a
// sentence says so.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for the last answers and a garbage collection to be over. */
const IDLE_MS = 3_000;

/** `firstUpdateMs` is undefined when an earlier start made the first update. */
export async function describeFigures(pid: number, firstUpdateMs: number | undefined): Promise<string> {
  await sleep(IDLE_MS);
  const memory = describeMemory(residentMiB(pid));
  if (firstUpdateMs === undefined) return memory;
  return `First update ${(firstUpdateMs / 1000).toFixed(1)} s after the set-up's end.\n${memory}`;
}

export function describeMemory(mib: number | undefined): string {
  return mib === undefined
    ? 'This system does not tell how much memory the idle server holds.'
    : `Resident memory of the idle server: ${mib.toFixed(0)} MiB.`;
}

/** MiB that the process holds, from Linux or else from `ps`; undefined where neither tells. */
export function residentMiB(pid: number, proc = '/proc'): number | undefined {
  const kib = kibOfProc(path.join(proc, String(pid), 'status')) ?? kibOfPs(pid);
  return kib === undefined ? undefined : kib / 1024;
}

function kibOfProc(statusFile: string): number | undefined {
  try {
    return toNumber(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(statusFile, 'utf8'))?.[1]);
  } catch (error) {
    // Not Linux, or the process has ended.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function kibOfPs(pid: number): number | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  // A system without `ps` answers null.
  return toNumber(/^\s*(\d+)\s*$/.exec(stdout ?? '')?.[1]);
}

function toNumber(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}
