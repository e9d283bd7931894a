// The tier that needs root, Debian and its packages: installs what scripts/system-packages lists, then runs test/system.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { close, runPart } from './test.ts';

function packages(): string[] {
  return readFileSync('scripts/system-packages', 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function missing(names: readonly string[]): string[] {
  return names.filter((name) => {
    const query = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
    return query.status !== 0 || !query.stdout.includes('install ok installed');
  });
}

function install(names: readonly string[]): void {
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...names],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    if (spawnSync('apt-get', args, { stdio: 'inherit', env }).status !== 0) {
      console.error(`apt-get ${args.join(' ')} failed: are Debian's packages reachable?`);
      process.exit(1);
    }
  }
}

if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
  console.error('npm run test:system needs root on Debian: it installs packages and mounts file systems.');
  process.exit(1);
}
const lacking = missing(packages());
if (lacking.length > 0) install(lacking);
close([await runPart({ name: 'system', patterns: ['test/system/*.test.ts'] })]);
