// Chooses the package manager by pacman.type. One line each, loaded when it is chosen; an unknown type is a configuration
// error, named.
import type { Config } from '../../config/config.ts';
import type { PackageManager, TlsCredentials } from '../../ports.ts';
import type { Log } from '../../steps/context.ts';
import { ConfigError } from '../../errors.ts';
import { createNonePackageManager, type NoneOptions } from './none.ts';

/** What every package manager may use; each takes from it what it needs. */
export type PackageManagerOptions = Omit<NoneOptions, 'newHasher'> & {
  readonly config: Config;
  /** Of the device, for a program that fetches by itself. */
  readonly credentials: () => TlsCredentials | undefined;
  readonly log: Log;
};

type Create = (options: PackageManagerOptions) => PackageManager | Promise<PackageManager>;

const MANAGERS: ReadonlyMap<string, Create> = new Map<string, Create>([
  ['none', createNonePackageManager],
  ['rauc', async (options) => (await import('./rauc.ts')).createRaucPackageManager(options)],
  ['script', async (options) => (await import('./script.ts')).createScriptPackageManager(options)],
  ['ostree', async (options) => (await import('./ostree.ts')).createOstreePackageManager(options)],
]);

/** @throws ConfigError `unsupported` */
export async function selectPackageManager(
  type: string,
  options: PackageManagerOptions,
): Promise<PackageManager> {
  const create = MANAGERS.get(type);
  if (create === undefined) {
    const known = [...MANAGERS.keys()].join(', ');
    throw new ConfigError(
      'unsupported',
      `The package manager "${type}" (pacman.type) is not built in; known: ${known}.`,
    );
  }
  return create(options);
}
