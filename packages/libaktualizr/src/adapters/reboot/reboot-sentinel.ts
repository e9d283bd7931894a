// The file that tells integrators that a reboot is due, where and as the original makes it, and the command that reboots.
// The directory is made closed to others; one that is there already may be shared, so that it is left as it is.
// client-protocol 11.1, 11.3; client-features CFG-27, CFG-48, CFG-49, W-40.
import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { RebootSentinel } from '../../installing-ports.ts';
import type { Log } from '../../steps/context.ts';
import { callProgram, wordsOf } from '../process/call-program.ts';

const REBOOT_TIMEOUT_MS = 120_000;
const OTHERS = 0o077;
/** A link that somebody put there is not followed. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

export type RebootOptions = {
  readonly directory: string;
  readonly name: string;
  /** A line for the shell. */
  readonly command: string;
  /** Of a package manager that only plays: the file goes, and nothing else happens. */
  readonly isSimulated: boolean;
  readonly log: Log;
};

export function createRebootSentinel(options: RebootOptions): RebootSentinel {
  const { directory, name, log } = options;
  const file = join(directory, name);
  const withdraw = () => telling(log, file, () => rmSync(file, { force: true }));
  return {
    uptimeMs: () => Math.round(uptime() * 1000),
    announce: () => telling(log, file, () => makeFile(options, file)),
    withdraw,
    isAnnounced: () => existsSync(file),
    async reboot() {
      if (options.isSimulated) {
        withdraw();
        return undefined;
      }
      await callProgram({ program: 'sync', timeoutMs: REBOOT_TIMEOUT_MS });
      const end = await callProgram({
        program: options.command,
        shell: true,
        timeoutMs: REBOOT_TIMEOUT_MS,
      });
      return end.code === 0 ? undefined : wordsOf(end);
    },
  };
}

function makeFile({ directory, log }: RebootOptions, file: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(directory);
  if (uid !== process.geteuid?.() || (mode & OTHERS) !== 0)
    log('info', `${directory} is open to others, who may make or remove ${file}.`);
  if (!existsSync(file)) closeSync(openSync(file, NEW_FILE, 0o600));
}

function telling(log: Log, file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    log('warning', `Whoever watches ${file} for a due reboot is not told: ${why}`);
  }
}
