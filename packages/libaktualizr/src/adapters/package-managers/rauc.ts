// The package manager `rauc`: images are RAUC bundles, stored as files and verified by Uptane, then handed to RAUC, which
// checks its own signature and writes the slots that do not run. A version is installed when the slot it was written to
// runs. All through the `rauc` program, which speaks to RAUC's service over D-Bus. RAUC's documentation, "Using RAUC".
import { join } from 'node:path';
import { hashesAgree, quoted, type VerifiedTarget } from '@ota-connect/uptane';
import { installedPackages } from '../../device-data/installed-packages.ts';
import { InstallError } from '../../errors.ts';
import type { InstallationResult, InstalledVersion, PackageManager } from '../../ports.ts';
import { createImageFiles, type ImageFiles } from './image-files.ts';
import { loadRecord, saveRecord, type RaucRecord } from './rauc-record.ts';
import { parseRaucStatus, type RaucStatus } from './rauc-status.ts';
import { runProgram } from './run-program.ts';
import type { PackageManagerOptions } from './select.ts';

const KEY = 'pacman.rauc_command';
const MAX_WORDS = 300;
/** Longer than any installation takes: then RAUC's service hangs. */
const LONGEST_MS = 2 * 3600 * 1000;

type Rauc = {
  readonly status: () => Promise<RaucStatus>;
  /** @throws InstallError `install_failed` in RAUC's words */
  readonly run: (...args: readonly string[]) => Promise<string>;
  readonly load: () => RaucRecord;
  readonly save: (record: RaucRecord) => void;
};

export function createRaucPackageManager(options: PackageManagerOptions): PackageManager {
  const files = createImageFiles(options);
  const rauc = openRauc(options);
  return {
    name: 'rauc',
    verify: files.verify,
    found: files.found,
    current: currentOf(options, rauc),
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    async fetch(target, onProgress, signal) {
      if (target.targetFormat === 'OSTREE') throw notBundle(target);
      return files.fetch(target, onProgress, signal);
    },
    install: (target) => install(rauc, files, target),
    finalize: (target) => finalize(rauc, target, options),
    rollback: (target) => rollback(rauc, target),
  };
}

function openRauc({ config }: PackageManagerOptions): Rauc {
  const program = config.pacman.raucCommand;
  const file = join(config.storage.path, 'rauc.json');
  const run = async (...args: readonly string[]) => {
    const signal = AbortSignal.timeout(LONGEST_MS);
    const { code, stdout, stderr } = await runProgram({ program, key: KEY, args, signal });
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

/** What an installation says last, else what the program says at all. */
function lastError(stdout: string, stderr: string): string {
  const said = /^LastError: (.+)$/m.exec(stdout)?.[1] ?? stderr.trim().split('\n')[0] ?? '';
  return quoted(said, MAX_WORDS).replace(/\.$/, '') || 'it did not say why';
}

/** What lies in the booted slot; where RAUC does not answer, or knows another history, what the log says. */
function currentOf(
  { installations, primary, log }: PackageManagerOptions,
  rauc: Rauc,
): () => Promise<InstalledVersion | undefined> {
  let booted: string | undefined;
  return async () => {
    const { slots } = rauc.load();
    if (slots.size === 0) return installations.current(primary);
    try {
      booted ??= (await rauc.status()).booted;
    } catch (error) {
      if (!(error instanceof InstallError)) throw error;
      log('warning', error.message);
      return installations.current(primary);
    }
    const stored = slots.get(booted);
    if (stored === undefined) return undefined;
    const known = [...installations.log(primary), installations.pending(primary)];
    return known.findLast(
      (version) => version?.name === stored.name && hashesAgree(version.hashes, stored.hashes),
    );
  };
}

async function install(rauc: Rauc, files: ImageFiles, target: VerifiedTarget): Promise<InstallationResult> {
  const { booted, next } = await rauc.status();
  const { slots, pending } = rauc.load();
  if (isStored(slots.get(booted), target)) return result('ALREADY_PROCESSED', 'Package already installed');
  // A power cut came after the last installation, before its end was noted.
  if (pending !== undefined && isStored(pending.target, target)) {
    if (pending.to !== undefined && pending.to === next) return needsReboot();
    if (pending.to === undefined && pending.from !== booted) {
      rauc.save({ slots: new Map([...slots, [booted, pending.target]]) });
      return result('ALREADY_PROCESSED', 'Package already installed');
    }
  }
  files.expectVerified(target);
  const stored = { name: target.name, hashes: { ...target.hashes, ...files.found(target) } };
  const kept = new Map([...slots].filter(([slot]) => slot === booted));
  rauc.save({ slots: kept, pending: { target: stored, from: booted } });
  await rauc.run('install', files.pathOf(target));
  const to = await otherSlot(rauc, booted);
  if (to === undefined) return result('INSTALL_FAILED', 'RAUC makes no other slot the next to boot');
  rauc.save({ slots: new Map([...kept, [to, stored]]), pending: { target: stored, from: booted, to } });
  return needsReboot();
}

/** The slot that boots next; a RAUC that is told not to activate what it installs is told to do so. */
async function otherSlot(rauc: Rauc, booted: string): Promise<string | undefined> {
  const { next } = await rauc.status();
  if (next !== booted && next !== undefined) return next;
  await rauc.run('status', 'mark-active', 'other');
  const { next: after } = await rauc.status();
  return after === booted ? undefined : after;
}

function needsReboot(): InstallationResult {
  return result('NEED_COMPLETION', 'Application successful, need reboot');
}

async function finalize(
  rauc: Rauc,
  target: VerifiedTarget,
  { log }: PackageManagerOptions,
): Promise<InstallationResult> {
  const { booted, next } = await rauc.status();
  const { slots, pending } = rauc.load();
  const hasCome = cameUp({ booted, next }, isStored(pending?.target, target) ? pending : undefined);
  // Neither changes which version runs: a failure is told and changes no result.
  await rauc.run('status', hasCome ? 'mark-good' : 'mark-active', 'booted').catch((error: unknown) => {
    if (!(error instanceof InstallError)) throw error;
    log('warning', error.message);
  });
  const here = new Map([...slots, [booted, { name: target.name, hashes: target.hashes }] as const]);
  rauc.save({ slots: hasCome && !slots.has(booted) ? here : slots });
  return hasCome
    ? result('OK', 'Successfully booted on new version')
    : result('INSTALL_FAILED', 'Wrong version booted');
}

/** Without a record, the slot that was to boot has to be the one that did. */
function cameUp({ booted, next }: RaucStatus, pending: RaucRecord['pending']): boolean {
  if (pending === undefined) return booted === next;
  return pending.to === undefined ? booted !== pending.from : booted === pending.to;
}

async function rollback(rauc: Rauc, target: VerifiedTarget): Promise<InstallationResult> {
  const { booted } = await rauc.status();
  const { slots } = rauc.load();
  if (!isStored(slots.get(booted), target)) {
    await rauc.run('status', 'mark-active', 'booted');
    rauc.save({ slots });
    return result('OK', 'The version before runs');
  }
  await rauc.run('status', 'mark-active', 'other');
  await rauc.run('status', 'mark-bad', 'booted');
  rauc.save({ slots });
  return result('NEED_COMPLETION', 'The version before runs after a reboot');
}

function isStored(
  stored: { readonly name: string; readonly hashes: VerifiedTarget['hashes'] } | undefined,
  target: VerifiedTarget,
): boolean {
  return stored?.name === target.name && hashesAgree(stored.hashes, target.hashes);
}

function result(code: InstallationResult['code'], description: string): InstallationResult {
  return { success: code === 'OK' || code === 'ALREADY_PROCESSED', code, description };
}

function notBundle({ name }: VerifiedTarget): InstallError {
  return new InstallError(
    'rejected_format',
    `${name} is an OSTree image; the package manager rauc takes bundles only.`,
  );
}
