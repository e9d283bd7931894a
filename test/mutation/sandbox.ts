// A copy of the packages that a mutation run needs, in a folder of its own: the mutants are written into the sources, and
// the testkit has to import the same ones.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const OWN_SCOPE = '@ota-connect';

export function makeSandbox(root: string, packages: readonly string[]): string {
  const sandbox = mkdtempSync(path.join(tmpdir(), 'ota-connect-mutation-'));
  cpSync(path.join(root, 'package.json'), path.join(sandbox, 'package.json'));
  const modules = path.join(sandbox, 'node_modules');
  mkdirSync(path.join(modules, OWN_SCOPE), { recursive: true });
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    // Links of the workspaces lead back into the repository.
    if (name.startsWith(OWN_SCOPE)) continue;
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name), 'junction');
  }
  for (const name of packages) {
    cpSync(path.join(root, 'packages', name), path.join(sandbox, 'packages', name), { recursive: true });
    symlinkSync(path.join(sandbox, 'packages', name), path.join(modules, OWN_SCOPE, name), 'junction');
  }
  return sandbox;
}
