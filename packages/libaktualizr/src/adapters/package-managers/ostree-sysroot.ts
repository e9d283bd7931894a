// One OSTree sysroot and the program that keeps it: how the program is called there, what is deployed, and what can be
// thrown away. On a system that mounts /sysroot read-only the program gets a mount namespace of its own, in which the
// sysroot is writable; libostree does so by itself only for its own sysroot commands. client-features CFG-31, CFG-32.
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, InstallError } from '../../errors.ts';
import { deploymentsOf, parseStatus, type Deployment } from './ostree-status.ts';
import { lastWords } from './ostree-failure.ts';
import { runProgram, type ProgramCall, type ProgramEnd } from './run-program.ts';

const KEY = 'pacman.ostree_command';
/** The shell has the mount point as $1 and the program after it. */
const WRITABLE = 'mount -o remount,rw "$1" && shift && exec "$@"';

export type SysrootOptions = {
  readonly command: string;
  /** Empty is /. */
  readonly path: string;
  /** The stateroot; empty is the booted one. */
  readonly os: string;
};

export type Sysroot = {
  readonly repository: string;
  /** Directory of what the bootloader offers. */
  readonly bootEntries: string;
  run(call: Omit<ProgramCall, 'key'>): Promise<ProgramEnd>;
  /** How the program is called on the repository, or on a view of it. */
  repositoryCall(repository: string, args: readonly string[]): Pick<ProgramCall, 'program' | 'args'>;
  /** Answers what the program wrote. @throws InstallError `install_failed` with its words */
  admin(args: readonly string[]): Promise<string>;
  /** Of our operating system, the next boot's first. */
  deployments(): Promise<readonly Deployment[]>;
  /** Throws away what neither runs nor can be returned to, and objects that no deployment needs. */
  prune(): Promise<void>;
};

/** @throws ConfigError `missing_file` when there is no OSTree sysroot */
export function openSysroot(options: SysrootOptions): Sysroot {
  const { command, os } = options;
  const path = options.path === '' ? '/' : options.path;
  const repository = join(path, 'ostree/repo');
  if (!existsSync(join(repository, 'objects'))) throw noSysroot(path, repository);
  const run = (call: Omit<ProgramCall, 'key'>) => runProgram({ ...call, key: KEY });
  const admin = async ([verb = '', ...rest]: readonly string[]) => {
    const place = path === '/' ? [] : [`--sysroot=${path}`];
    const { code, stdout, stderr } = await run({
      program: command,
      args: ['admin', verb, ...place, ...rest],
    });
    if (code === 0) return stdout;
    throw new InstallError('install_failed', `ostree admin ${verb} failed: ${lastWords(stderr)}.`);
  };
  return {
    repository,
    bootEntries: join(path, 'boot/loader/entries'),
    run,
    admin,
    repositoryCall: (place, args) => {
      const all = [`--repo=${place}`, ...args];
      if (path !== '/' || !isReadOnly(join(repository, 'objects'))) return { program: command, args: all };
      return {
        program: 'unshare',
        args: [
          '--mount',
          '--propagation',
          'unchanged',
          'sh',
          '-c',
          WRITABLE,
          'sh',
          '/sysroot',
          command,
          ...all,
        ],
      };
    },
    deployments: async () => deploymentsOf(parseStatus(await admin(['status'])), os),
    prune: async () => void (await admin(['cleanup'])),
  };
}

function noSysroot(path: string, repository: string): ConfigError {
  return new ConfigError(
    'missing_file',
    `${path} (pacman.sysroot) is no OSTree sysroot: there is no repository ${repository}.`,
    { details: { file: repository } },
  );
}

function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}
