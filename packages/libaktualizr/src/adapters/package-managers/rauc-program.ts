// How RAUC is called: its program, which speaks to its service over D-Bus, and beside it what we remember of its slots.
// client-features 12.
import { join } from 'node:path';
import { quoted } from '@ota-connect/uptane';
import type { Config } from '../../config/config.ts';
import { InstallError } from '../../errors.ts';
import { loadRecord, saveRecord, type RaucRecord } from './rauc-record.ts';
import { parseRaucStatus, type RaucStatus } from './rauc-status.ts';
import { runProgram } from './run-program.ts';

const KEY = 'pacman.rauc_command';
const MAX_WORDS = 300;
/** Longer than any installation takes: then RAUC's service hangs. */
const LONGEST_MS = 2 * 3600 * 1000;

export type Rauc = {
  readonly status: () => Promise<RaucStatus>;
  /** @throws InstallError `install_failed` in RAUC's words */
  readonly run: (...args: readonly string[]) => Promise<string>;
  readonly load: () => RaucRecord;
  readonly save: (record: RaucRecord) => void;
};

export function openRauc({ pacman, storage }: Config): Rauc {
  const file = join(storage.path, 'rauc.json');
  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await withinReason(pacman.raucCommand, args);
    if (code === 0) return stdout;
    throw new InstallError('install_failed', `rauc ${args[0]} failed: ${lastError(stdout, stderr)}.`);
  };
  return {
    run,
    status: async () => parseRaucStatus(await run('status', '--output-format=json')),
    load: () => loadRecord(file),
    save: (record) => saveRecord(file, record),
  };
}

async function withinReason(program: string, args: readonly string[]) {
  const signal = AbortSignal.timeout(LONGEST_MS);
  try {
    return await runProgram({ program, key: KEY, args, signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new InstallError('install_failed', `rauc ${args[0]} does not end.`, { cause });
  }
}

/** What an installation says last, else what the program says at all. */
function lastError(stdout: string, stderr: string): string {
  const said = /^LastError: (.+)$/m.exec(stdout)?.[1] ?? stderr.trim().split('\n')[0] ?? '';
  return quoted(said, MAX_WORDS).replace(/\.$/, '') || 'it did not say why';
}
