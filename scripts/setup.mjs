// Installs what the lockfile names, once per lockfile. Plain JavaScript: it runs on whatever Node.js started npm
// (20 or newer); everything after it runs on the Node.js that the lockfile pins (node_modules/.bin/node).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const marker = path.join(root, 'node_modules', '.ota-connect-setup');
const pinnedNode = path.join(
  root,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
);

/** The lockfile and the platform decide what is installed; both are in the marker. */
function wanted() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
}

function isInstalled() {
  return existsSync(marker) && existsSync(pinnedNode) && readFileSync(marker, 'utf8') === wanted();
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node.js 20 or newer is needed to set up, this is ${process.version}.`);
}
if (!isInstalled()) {
  process.stdout.write('Setting up: installing the packages of package-lock.json …\n');
  const started = Date.now();
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) {
    fail('npm ci failed, see above. Is the package registry reachable? Then run the same command again.');
  }
  if (!existsSync(pinnedNode)) {
    fail(
      `No Node.js 26 build for ${process.platform}-${process.arch} in the lockfile: install Node.js 26 yourself.`,
    );
  }
  writeFileSync(marker, wanted());
  process.stdout.write(`Set up in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`);
}
