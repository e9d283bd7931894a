// The package manager `script`: images are plain files (image-files.ts), and an executable of the integrator's (pacman.script)
// says what runs, installs, finalises and goes back. Its contract is docs/guides/script-package-manager.md.
// client-features PAC-04, IFC-03.
import { hashesAgree, type EcuSerial, type VerifiedTarget } from '@ota-connect/uptane';
import type { Config } from '../../config/config.ts';
import { ConfigError, InstallError } from '../../errors.ts';
import { installedPackages } from '../../device-data/installed-packages.ts';
import type { InstallationResult, InstallationStore, InstalledVersion, PackageManager } from '../../ports.ts';
import type { Log } from '../../steps/context.ts';
import { callProgram, firstLine, wordsOf, type ProgramEnd } from '../process/call-program.ts';
import { createImageFiles, type ImageFiles, type ImageFilesOptions } from './image-files.ts';

export type ScriptOptions = ImageFilesOptions & {
  /** pacman.packages_file */
  readonly packagesFile: string;
  readonly primary: EcuSerial;
  readonly installations: InstallationStore;
  readonly config: Pick<Config, 'pacman'>;
  readonly log: Log;
};

type Subcommand = 'check' | 'install' | 'finalize' | 'rollback';

const DONE = 0;
/** As NEED_COMPLETION among the original's result codes. */
const NEEDS_REBOOT = 21;
/** EX_USAGE: the script does not know the subcommand. */
const UNKNOWN = 64;

/** @throws ConfigError `missing_file` without pacman.script */
export function createScriptPackageManager(options: ScriptOptions): PackageManager {
  if (options.config.pacman.script === '')
    throw new ConfigError('missing_file', 'The package manager script needs pacman.script, its executable.');
  const files = createImageFiles(options);
  const running = createRunning(options);
  const run = async (subcommand: Subcommand, target: VerifiedTarget) => {
    running.forget();
    return resultOf(await callScript(options, subcommand, factsOf(files, target)));
  };
  return {
    name: 'script',
    verify: files.verify,
    found: files.found,
    current: running.current,
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    async fetch(target, onProgress, signal, medium) {
      if (target.targetFormat === 'OSTREE') throw wrongFormat(target);
      return files.fetch(target, onProgress, signal, medium);
    },
    async install(target) {
      const now = await running.current();
      if (now?.name === target.name && hashesAgree(now.hashes, target.hashes))
        return { success: true, code: 'ALREADY_PROCESSED', description: 'Already installed' };
      files.expectVerified(target);
      return run('install', target);
    },
    finalize: (target) => run('finalize', target),
    rollback: (target) => run('rollback', target),
  };
}

type Facts = { readonly json: object; readonly environment: Readonly<Record<string, string>> };

function factsOf(files: ImageFiles, target: VerifiedTarget): Facts {
  const { name, lengthBytes, hashes, custom } = target;
  const imageFile = files.pathOf(target);
  return {
    json: { target: { name, lengthBytes, hashes, custom }, imageFile },
    environment: {
      TARGET_NAME: name.replaceAll('\0', ' '),
      TARGET_SHA256: hashes.sha256 ?? '',
      TARGET_SHA512: hashes.sha512 ?? '',
      TARGET_LENGTH: String(lengthBytes),
      IMAGE_FILE: imageFile,
    },
  };
}

function callScript(
  { config: { pacman } }: ScriptOptions,
  subcommand: Subcommand,
  { json, environment }: Facts,
): Promise<ProgramEnd> {
  return callProgram({
    program: pacman.script,
    args: [subcommand],
    environment: { AKTUALIZR_SCRIPT: subcommand, ...environment },
    stdin: `${JSON.stringify({ subcommand, ...json })}\n`,
    timeoutMs: pacman.scriptTimeoutSec * 1000,
  });
}

function resultOf(end: ProgramEnd): InstallationResult {
  const description = firstLine(end.stderr);
  if (end.code === DONE) return { success: true, code: 'OK', description };
  if (end.code === NEEDS_REBOOT) return { success: false, code: 'NEED_COMPLETION', description };
  return { success: false, code: 'INSTALL_FAILED', description: wordsOf(end) };
}

/** What the script says that runs, else what the installation log says. Asked again after whatever may change it. */
function createRunning(options: ScriptOptions): {
  readonly current: () => Promise<InstalledVersion | undefined>;
  readonly forget: () => void;
} {
  const { installations, primary } = options;
  let asked: Promise<Named | undefined> | undefined;
  return {
    async current() {
      asked ??= askScript(options);
      const named = await asked;
      const logged = installations.current(primary);
      return named === undefined || isNamed(logged, named) ? logged : versionOf(options, named);
    },
    forget() {
      asked = undefined;
    },
  };
}

type Named = { readonly name: string; readonly sha256: string };

async function askScript(options: ScriptOptions): Promise<Named | undefined> {
  const end = await callScript(options, 'check', { json: {}, environment: {} });
  if (end.code === UNKNOWN) return undefined;
  if (end.code !== DONE) {
    options.log('warning', `The script does not say what runs: ${wordsOf(end)}`);
    return undefined;
  }
  const named = readNamed(end.stdout);
  if (named === undefined && end.stdout.trim() !== '')
    options.log('warning', 'The script does not say what runs in the form {"name": …, "sha256": …}.');
  return named;
}

function readNamed(text: string): Named | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('name' in value) || !('sha256' in value))
      return undefined;
    const { name, sha256 } = value;
    const isHash = typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256);
    return typeof name === 'string' && isHash ? { name, sha256: sha256.toLowerCase() } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isNamed(version: InstalledVersion | undefined, { name, sha256 }: Named): boolean {
  return version?.name === name && version.hashes.sha256 === sha256;
}

/** As the installation log knows it; a version that was never installed by us is known by its name and hash alone. */
function versionOf({ installations, primary }: ScriptOptions, named: Named): InstalledVersion {
  const logged = [...installations.log(primary), installations.pending(primary)];
  return (
    logged.findLast((version) => isNamed(version, named)) ?? {
      ecuSerial: primary,
      name: named.name,
      lengthBytes: 0,
      hashes: { sha256: named.sha256 },
      correlationId: '',
      customMeta: {},
    }
  );
}

function wrongFormat(target: VerifiedTarget): InstallError {
  return new InstallError(
    'rejected_format',
    `${target.name} is an OSTree image; the package manager script takes files only.`,
  );
}
