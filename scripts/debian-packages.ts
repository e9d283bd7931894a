// Debian packages that a tier of tests needs: installs those that are missing, as root.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export function isRootOnDebian(): boolean {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

/** Ends the process when apt-get fails. */
export function ensurePackages(names: readonly string[]): void {
  const lacking = missing(names);
  if (lacking.length > 0) install(lacking);
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
