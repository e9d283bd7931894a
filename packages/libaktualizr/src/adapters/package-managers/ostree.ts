// The package manager `ostree`: the Primary's images are commits of an OSTree repository, pulled and deployed by libostree
// through its program. What runs is what the bootloader started; its name is what the installation log says of that commit.
// Files for Secondaries are kept as every package manager keeps them. client-protocol 3.6, 4.9, 5.1, 11.3; client-features PAC-02.
import type { Hashes, VerifiedTarget } from '@ota-connect/uptane';
import { installedPackages } from '../../device-data/installed-packages.ts';
import { InstallError } from '../../errors.ts';
import type { InstallationResult, InstalledVersion, PackageManager } from '../../ports.ts';
import type { Log } from '../../steps/context.ts';
import { createImageFiles } from './image-files.ts';
import { isComplete } from './ostree-commit.ts';
import { deploy, returnFrom } from './ostree-deploy.ts';
import { pullFromMedium } from './ostree-medium.ts';
import { pullCommit } from './ostree-pull.ts';
import { openSysroot, type Sysroot } from './ostree-sysroot.ts';
import type { PackageManagerOptions } from './select.ts';

/** @throws ConfigError `missing_file` when there is no OSTree sysroot */
export function createOstreePackageManager(options: PackageManagerOptions): PackageManager {
  const { ostreeCommand: command, sysroot: path, os, booted } = options.config.pacman;
  const sysroot = openSysroot({ command, path, os });
  const running = runningCommit(sysroot, booted);
  const commits = knownCommits(sysroot);
  return {
    name: 'ostree',
    async current() {
      const commit = await running().catch((error: unknown) => unanswered(options.log, error));
      return commit === undefined ? undefined : versionOf(options, commit);
    },
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    ...imagesOf(options, sysroot, commits),
    ...installationsOf(options, sysroot, { running, commits }),
  };
}

/** Commits that this process has seen whole. */
type KnownCommits = {
  look(commit: string): ReturnType<typeof isComplete>;
  has(commit: string): boolean;
};

function knownCommits(sysroot: Sysroot): KnownCommits {
  const whole = new Set<string>();
  return {
    has: (commit) => whole.has(commit),
    async look(commit) {
      const found = await isComplete(sysroot, commit);
      if (found === 'verified') whole.add(commit);
      else whole.delete(commit);
      return found;
    },
  };
}

function imagesOf(
  options: PackageManagerOptions,
  sysroot: Sysroot,
  commits: KnownCommits,
): Pick<PackageManager, 'fetch' | 'verify' | 'found'> {
  const { pacman, network } = options.config;
  const { credentials, http } = options;
  const files = createImageFiles(options);
  const isOurs = ({ ecus }: VerifiedTarget) => ecus.has(options.primary);
  const limit = {
    minBytesPerSecond: network.stallBytesPerSecond,
    windowMs: network.stallWindowSec * 1000,
  };
  return {
    async fetch(target, onProgress, signal, medium) {
      if (!isOstree(target)) {
        if (isOurs(target)) throw notOstree(target);
        return files.fetch(target, onProgress, signal, medium);
      }
      // A Secondary pulls for itself.
      if (!isOurs(target)) return 'already_there';
      const commit = commitOf(target);
      if ((await commits.look(commit)) === 'verified') return 'already_there';
      const wanted = { target, commit, onProgress, signal };
      if (medium === undefined) {
        const url = target.uri ?? pacman.ostreeServer;
        await pullCommit({ sysroot, credentials, limit, network: http }, { ...wanted, url });
      } else await pullFromMedium(sysroot, { ...wanted, medium });
      if ((await commits.look(commit)) === 'verified') return 'fetched';
      throw new InstallError('install_failed', `${target.name} was pulled, but is not complete.`);
    },
    async verify(target) {
      if (!isOstree(target)) return files.verify(target);
      return isOurs(target) ? commits.look(commitOf(target)) : 'verified';
    },
    found: (target): Hashes | undefined => {
      if (!isOstree(target)) return files.found(target);
      return commits.has(commitOf(target)) ? { sha256: commitOf(target) } : undefined;
    },
  };
}

function installationsOf(
  { config, log, installations, primary }: PackageManagerOptions,
  sysroot: Sysroot,
  {
    running,
    commits,
  }: { readonly running: () => Promise<string | undefined>; readonly commits: KnownCommits },
): Required<Pick<PackageManager, 'install' | 'finalize' | 'rollback'>> {
  const { os, booted } = config.pacman;
  /** Where the next boot's deployment counts as the running one, the log alone knows whether the reboot has been. */
  const isInstalled = (commit: string) =>
    booted === 'booted' || installations.current(primary)?.hashes.sha256?.toLowerCase() === commit;
  return {
    async install(target) {
      if (!isOstree(target)) throw notOstree(target);
      const commit = commitOf(target);
      if ((await running()) === commit && isInstalled(commit))
        return result('ALREADY_PROCESSED', 'Package already installed');
      if (!commits.has(commit)) throw notWhole(target);
      const [next] = await sysroot.deployments();
      if (next?.commit !== commit) await deploy(sysroot, os, commit);
      return result('NEED_COMPLETION', 'Application successful, need reboot');
    },
    async finalize(target) {
      const commit = commitOf(target);
      if ((await running()) === commit) {
        await tidy(log, () => sysroot.prune());
        return result('OK', 'Successfully booted on new version');
      }
      // It did not come up: the next boot is not to try it again.
      await tidy(log, () => returnFrom(sysroot, os, commit));
      return result('INSTALL_FAILED', 'Wrong version booted');
    },
    async rollback(target) {
      const outcome = await returnFrom(sysroot, os, commitOf(target));
      if (outcome === 'done') return result('OK', 'The version before runs');
      if (outcome === 'reboot') return result('NEED_COMPLETION', 'The version before runs after a reboot');
      return result('INSTALL_FAILED', 'There is no earlier deployment to return to');
    },
  };
}

/** By its format; without one an image without length is a commit, as the original has it. */
export function isOstree({ targetFormat, lengthBytes }: VerifiedTarget): boolean {
  return targetFormat === 'OSTREE' || (targetFormat === undefined && lengthBytes === 0);
}

/** @throws InstallError `rejected_format` */
function commitOf(target: VerifiedTarget): string {
  const { sha256 } = target.hashes;
  if (sha256 !== undefined) return sha256.toLowerCase();
  throw new InstallError(
    'rejected_format',
    `${target.name} lists no SHA-256, which is the name of an OSTree commit.`,
  );
}

/**
 * The commit that counts as current. What is booted stays booted as long as this process lives; where the deployment of
 * the next boot counts (`staged`: containers, tests), it is asked for each time.
 */
function runningCommit(sysroot: Sysroot, counts: 'booted' | 'staged'): () => Promise<string | undefined> {
  let booted: string | undefined;
  return async () => {
    if (booted !== undefined) return booted;
    const deployments = await sysroot.deployments();
    if (counts === 'staged') return deployments[0]?.commit;
    booted = deployments.find(({ isBooted }) => isBooted)?.commit;
    return booted;
  };
}

/** A commit that the log does not know is reported by its hash, without a name. */
function versionOf({ installations, primary }: PackageManagerOptions, commit: string): InstalledVersion {
  const known = [
    ...installations.log(primary),
    installations.pending(primary),
    installations.current(primary),
  ];
  const found = known.findLast((version) => version?.hashes.sha256?.toLowerCase() === commit);
  const unknown = { name: 'unknown', lengthBytes: 0, correlationId: '', customMeta: {} };
  return found ?? { ...unknown, ecuSerial: primary, hashes: { sha256: commit } };
}

/** A device with a broken sysroot still reports, and says that nobody knows what it runs. */
function unanswered(log: Log, error: unknown): undefined {
  if (!(error instanceof InstallError)) throw error;
  log('warning', error.message);
}

/** What does not change the result of an installation must not fail it. */
async function tidy(log: Log, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    log('warning', error.message);
  }
}

function result(code: InstallationResult['code'], description: string): InstallationResult {
  return { success: code === 'OK' || code === 'ALREADY_PROCESSED', code, description };
}

function notOstree({ name }: VerifiedTarget): InstallError {
  const message = `${name} is a file; the package manager ostree installs OSTree commits only on the Primary.`;
  return new InstallError('rejected_format', message);
}

function notWhole({ name }: VerifiedTarget): InstallError {
  const message = `The commit of ${name} is not known to be complete; nothing was installed.`;
  return new InstallError('install_failed', message);
}
