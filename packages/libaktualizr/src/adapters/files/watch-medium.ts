// Tells when a medium appears: a folder with `metadata` in it. What the system tells of the folder above comes at once; a
// slow look makes up for what it does not tell, as mounting over a folder. Another medium in the place of the last one, or
// other metadata on it, is one that appears; one that is still being written is left alone until it rests. client-protocol 12.3 step 1; client-features W-43
import { statSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';

export type WatchOptions = {
  readonly signal: AbortSignal;
  /** Also for one that is there when this begins. */
  readonly onAppear: () => void;
  readonly pollMs?: number;
  /** It rests, when nothing changed for so long. */
  readonly restMs?: number;
};

const POLL_MS = 5000;
const REST_MS = 1000;
const OF_INTEREST = ['metadata/director', 'metadata/image-repo', 'metadata/director/offline-snapshot.json'];

export function watchMedium(directory: string, options: WatchOptions): void {
  const { signal, onAppear, pollMs = POLL_MS, restMs = REST_MS } = options;
  let seen: string | undefined;
  let changing: { readonly to: string; readonly sinceMs: number } | undefined;
  let restTimer: NodeJS.Timeout | undefined;
  let watched: { readonly folder: string; readonly watcher: FSWatcher } | undefined;
  const look = () => {
    if (signal.aborted) return;
    watched = watchNearest(directory, watched, look);
    const found = identityOf(directory);
    clearTimeout(restTimer);
    if (found === undefined || found === seen) {
      seen = found;
      changing = undefined;
      return;
    }
    if (changing?.to !== found) changing = { to: found, sinceMs: performance.now() };
    const missingMs = changing.sinceMs + restMs - performance.now();
    if (missingMs > 0) {
      restTimer = setTimeout(look, missingMs);
      return;
    }
    seen = found;
    changing = undefined;
    onAppear();
  };
  const timer = setInterval(look, pollMs);
  const stop = () => {
    clearInterval(timer);
    clearTimeout(restTimer);
    watched?.watcher.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  else look();
}

/** Tells one medium from the next; undefined: there is none. */
export function identityOf(directory: string): string | undefined {
  const stat = statSync(join(directory, 'metadata'), { throwIfNoEntry: false, bigint: true });
  if (stat?.isDirectory() !== true) return undefined;
  const parts = OF_INTEREST.map((name) => {
    const part = statSync(join(directory, name), { throwIfNoEntry: false, bigint: true });
    return part === undefined ? '' : `${part.ino}:${part.size}:${part.mtimeNs}`;
  });
  return [`${stat.dev}:${stat.ino}`, ...parts].join(' ');
}

type Watched = { readonly folder: string; readonly watcher: FSWatcher };

/** The folder itself, or the nearest one above that is there. */
function watchNearest(directory: string, before: Watched | undefined, look: () => void): Watched | undefined {
  let folder = directory;
  while (statSync(folder, { throwIfNoEntry: false }) === undefined && dirname(folder) !== folder)
    folder = dirname(folder);
  if (before?.folder === folder) return before;
  before?.watcher.close();
  try {
    const watcher = watch(folder, { persistent: false }, look);
    // A folder that went away is looked for by the clock.
    watcher.on('error', () => watcher.close());
    return { folder, watcher };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}
