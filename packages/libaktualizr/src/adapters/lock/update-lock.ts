// flock(2) on a file that applications of the device lock while nothing may be updated. Node.js has no flock: the program
// `flock` locks the open file that it is handed, and since such a lock belongs to the open file and not to the process, it
// stays with our descriptor until that is closed, or we are gone. client-protocol 11.4; client-features TDX-04.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { UpdateLock } from '../../installing-ports.ts';
import type { Log } from '../../steps/context.ts';

const CONFLICT = 1;

export function createUpdateLock(file: string, log: Log): UpdateLock {
  let held: number | undefined;
  return {
    async take() {
      if (held !== undefined) return 'taken';
      const descriptor = open(file, log);
      if (descriptor === undefined) return 'taken';
      const refused = await lock(descriptor, file);
      if (refused === undefined) {
        held = descriptor;
        return 'taken';
      }
      closeSync(descriptor);
      return { postponed: refused };
    },
    release() {
      if (held !== undefined) closeSync(held);
      held = undefined;
    },
  };
}

/** As in Torizon's client, a file that cannot be opened forbids nothing. */
function open(file: string, log: Log): number | undefined {
  try {
    return openSync(file, 'a', 0o644);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    log('warning', `uptane.update_lock_file cannot be opened and forbids nothing: ${why}`);
    return undefined;
  }
}

/** Answers why not. */
async function lock(descriptor: number, file: string): Promise<string | undefined> {
  const { spawn } = await import('node:child_process');
  const args = ['-n', '-x', '3'];
  const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  const code = await ended(child);
  if (code === 0) return undefined;
  if (code === CONFLICT) return `${file} is locked`;
  // A veto that nobody can hear must not be taken for none.
  return `${file} (uptane.update_lock_file) cannot be locked: the program flock ${code instanceof Error ? 'is missing' : 'failed'}`;
}

function ended(child: ChildProcess): Promise<number | null | Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
}
