// Watches a pull that somebody else does: ends it when nothing comes any more, by what the system counts of its reads and
// writes and by what it says of each object. While the server owes nothing (old objects are read, new ones are written to
// disk) it gets ten times as long. client-features W-11.
import { readFileSync } from 'node:fs';

const SLICES = 6;
/** What an object counts at least: a slow line with many small ones is no stall. */
const BYTES_PER_OBJECT = 4096;
const PATIENCE_WITHOUT_NETWORK = 10;

export type StallLimit = { readonly minBytesPerSecond: number; readonly windowMs: number };

export type Watched = {
  readonly pid: number;
  readonly fetched: () => number;
  readonly isWaiting: () => boolean;
};

/** Calls back once; returns how to stop watching. */
export function watchPull(watched: Watched, limit: StallLimit, onStall: () => void): () => void {
  const needed = (limit.minBytesPerSecond * limit.windowMs) / 1000;
  const longest = SLICES * PATIENCE_WITHOUT_NETWORK;
  const slices: number[] = [];
  let seen = workOf(watched);
  const timer = setInterval(() => {
    const now = workOf(watched);
    slices.push(now - seen);
    seen = now;
    if (slices.length > longest) slices.shift();
    const window = watched.isWaiting() ? SLICES : longest;
    if (slices.length < window) return;
    const done = slices.slice(-window).reduce((sum, one) => sum + one, 0);
    if (watched.isWaiting() ? done >= needed : done > 0) return;
    clearInterval(timer);
    onStall();
  }, limit.windowMs / SLICES);
  timer.unref();
  return () => clearInterval(timer);
}

function workOf({ pid, fetched }: Watched): number {
  return bytesMoved(pid) + fetched() * BYTES_PER_OBJECT;
}

/** Reads and writes as Linux counts them; 0 where nobody counts, or when the process has just ended. */
function bytesMoved(pid: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/io`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
  const counts = [/^rchar: (\d+)/m, /^wchar: (\d+)/m].map((pattern) => Number(pattern.exec(text)?.[1] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}
