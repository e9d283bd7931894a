// The tier that needs root, Debian and its packages: installs what scripts/system-packages lists, then runs test/system.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { ensurePackages, isRootOnDebian } from './debian-packages.ts';
import { close, runPart } from './test.ts';

function packages(): string[] {
  return readFileSync('scripts/system-packages', 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** The set-up runs no scripts of packages: this one's compiles the module that talks to a PKCS#11 library. */
function buildTokenModule(): void {
  if (existsSync('node_modules/pkcs11js/build/Release/pkcs11.node')) return;
  const npm = spawnSync('npm', ['rebuild', 'pkcs11js', '--ignore-scripts=false'], { stdio: 'inherit' });
  if (npm.status === 0) return;
  console.error('npm rebuild pkcs11js failed, see above.');
  process.exit(1);
}

if (!isRootOnDebian()) {
  console.error('npm run test:system needs root on Debian: it installs packages and mounts file systems.');
  process.exit(1);
}
ensurePackages(packages());
buildTokenModule();
close([await runPart({ name: 'system', patterns: ['test/system/*.test.ts'] })]);
