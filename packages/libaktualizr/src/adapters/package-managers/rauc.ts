// The package manager `rauc`: images are RAUC bundles, stored as files and verified by Uptane, then handed to RAUC, which
// checks its own signature and writes the slots that do not run. A version is installed when the slot it was written to
// runs. All through the `rauc` program, which speaks to RAUC's service over D-Bus. RAUC's documentation, "Using RAUC".
import { hashesAgree, type VerifiedTarget } from '@ota-connect/uptane';
import { installedPackages } from '../../device-data/installed-packages.ts';
import { InstallError } from '../../errors.ts';
import type { InstallationResult, InstalledVersion, PackageManager } from '../../ports.ts';
import { createImageFiles, type ImageFiles } from './image-files.ts';
import { openRauc, type Rauc } from './rauc-program.ts';
import type { RaucRecord } from './rauc-record.ts';
import type { RaucStatus } from './rauc-status.ts';
import type { PackageManagerOptions } from './select.ts';

export function createRaucPackageManager(options: PackageManagerOptions): PackageManager {
  const files = createImageFiles(options);
  const rauc = openRauc(options.config);
  return {
    name: 'rauc',
    verify: files.verify,
    found: files.found,
    current: currentOf(options, rauc),
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    async fetch(target, onProgress, signal, medium) {
      if (target.targetFormat === 'OSTREE') throw notBundle(target);
      return files.fetch(target, onProgress, signal, medium);
    },
    install: (target) => install(rauc, files, target),
    finalize: (target) => finalize(rauc, target, options),
    rollback: (target) => rollback(rauc, target),
  };
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

/** RAUC is told that a slot is good when the version is called good, by its bootloader port (rauc-bootloader.ts). */
async function finalize(
  rauc: Rauc,
  target: VerifiedTarget,
  { log }: PackageManagerOptions,
): Promise<InstallationResult> {
  const status = await rauc.status();
  const { booted } = status;
  const record = rauc.load();
  if (cameUp(status, record, target)) {
    if (!isStored(record.slots.get(booted), target))
      rauc.save({
        slots: new Map([...record.slots, [booted, { name: target.name, hashes: target.hashes }]]),
      });
    return result('OK', 'Successfully booted on new version');
  }
  // The next boot is not to try it again. A failure changes neither what runs nor what is reported.
  await rauc.run('status', 'mark-active', 'booted').catch((error: unknown) => {
    if (!(error instanceof InstallError)) throw error;
    log('warning', error.message);
  });
  return result('INSTALL_FAILED', 'Wrong version booted');
}

function cameUp(
  { booted, next }: RaucStatus,
  { slots, pending }: RaucRecord,
  target: VerifiedTarget,
): boolean {
  if ([...slots.values()].some((stored) => isStored(stored, target)))
    return isStored(slots.get(booted), target);
  if (pending !== undefined && isStored(pending.target, target)) return booted !== pending.from;
  // Without a record, the slot that was to boot has to be the one that did.
  return booted === next;
}

async function rollback(rauc: Rauc, target: VerifiedTarget): Promise<InstallationResult> {
  const { booted } = await rauc.status();
  if (!isStored(rauc.load().slots.get(booted), target)) {
    await rauc.run('status', 'mark-active', 'booted');
    return result('OK', 'The version before runs');
  }
  await rauc.run('status', 'mark-active', 'other');
  await rauc.run('status', 'mark-bad', 'booted');
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
