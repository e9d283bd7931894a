// Chooses the package manager by pacman.type. One line each; an unknown type is a configuration error, named.
import type { Config } from '../../config/config.ts';
import type { PackageManager } from '../../ports.ts';
import { ConfigError } from '../../errors.ts';
import { createNonePackageManager, type NoneOptions } from './none.ts';

const MANAGERS: ReadonlyMap<string, (options: NoneOptions) => PackageManager> = new Map([
  ['none', createNonePackageManager],
]);

/** @throws ConfigError `unsupported` */
export function selectPackageManager(
  config: Config,
  rest: Omit<NoneOptions, 'imagesPath' | 'packagesFile' | 'needsReboot'>,
): PackageManager {
  const create = MANAGERS.get(config.pacman.type);
  if (create === undefined) {
    const known = [...MANAGERS.keys()].join(', ');
    throw new ConfigError(
      'unsupported',
      `The package manager "${config.pacman.type}" (pacman.type) is not built in; known: ${known}.`,
    );
  }
  return create({
    ...rest,
    imagesPath: config.pacman.imagesPath,
    packagesFile: config.pacman.packagesFile,
    needsReboot: config.pacman.fakeNeedReboot,
  });
}
