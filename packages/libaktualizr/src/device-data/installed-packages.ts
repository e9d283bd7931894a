// The packages of the running image: lines of `name version` in pacman.packages_file. Without that file the list has the
// one entry that the original's file-less package manager sends. client-protocol 3.9.
import { readFileSync } from 'node:fs';

export type InstalledPackage = { readonly name: string; readonly version: string };

const PLACEHOLDER: readonly InstalledPackage[] = [{ name: 'fake-package', version: '1.0' }];

// node:fs/promises would be loaded for this alone: 2 ms of each start.
export async function installedPackages(packagesFile: string): Promise<readonly InstalledPackage[]> {
  const content = readIfThere(packagesFile);
  return content === undefined ? PLACEHOLDER : content.split('\n').flatMap(packageOf);
}

function packageOf(line: string): readonly InstalledPackage[] {
  const [name, version] = line.trim().split(/\s+/);
  return name === undefined || version === undefined ? [] : [{ name, version }];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return undefined;
    throw cause;
  }
}
