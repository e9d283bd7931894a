// How large what is installed is: each package on the disk and compressed, the single executable, and the resident memory
// of a daemon that polls, with both profiles. Prints the table of README.md.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDevice, startSystem } from '../e2e/support/system.ts';
import { bundleAktualizr } from './bundle-aktualizr.ts';
import { buildPackages } from './package-deb.ts';
import { buildSingleExecutable } from './package-sea.ts';

const KIBI = 1024;
const MEBI = KIBI * KIBI;
const POLLING_MS = 20_000;
const NORMAL = ['--max-semi-space-size=1'];
const SMALL = ['--lite-mode', ...NORMAL];

function inWords(bytes: number): string {
  return bytes < MEBI ? `${Math.ceil(bytes / KIBI)} KiB` : `${(bytes / MEBI).toFixed(1)} MiB`;
}

async function packages(folder: string): Promise<void> {
  console.log('| package | installed | compressed |\n|---|---|---|');
  const files = await buildPackages({ out: folder });
  for (const file of files.filter((one) => one.endsWith('.deb'))) {
    const installed = Number(execFileSync('dpkg-deb', ['-f', file, 'Installed-Size'], { encoding: 'utf8' }));
    const name = path.basename(file).split('_')[0];
    console.log(`| \`${name}\` | ${inWords(installed * KIBI)} | ${inWords(statSync(file).size)} |`);
  }
  const single = statSync(await buildSingleExecutable(folder)).size;
  console.log(`| single executable | ${inWords(single)} | |`);
}

async function resident(folder: string): Promise<void> {
  const bundle = path.join(folder, 'bundle');
  const start = await bundleAktualizr(bundle);
  execFileSync(process.execPath, [path.join(bundle, 'code-cache.js')]);
  const system = await startSystem();
  try {
    for (const [profile, flags] of [
      ['usual', NORMAL],
      ['small', SMALL],
    ] as const) {
      const socket = path.join(system.folder, `${profile}.sock`);
      const device = await createDevice(system, `sizes-${profile}`, {
        extra: `[control]\nsocket = "${socket}"\n`,
      });
      const args = [...flags, start, 'aktualizr', '--config', device.configDir];
      const daemon = spawn(process.execPath, args, { stdio: 'ignore', env: withoutFurtherCas() });
      await sleep(POLLING_MS);
      console.log(
        `Resident memory of a daemon that polls each second, ${profile} profile: ${residentOf(daemon)}`,
      );
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await gone;
    }
  } finally {
    await system.stop();
  }
}

function residentOf({ pid }: ChildProcess): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibi = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  return `${inWords(kibi('VmRSS') * KIBI)}, of which ${inWords(kibi('RssAnon') * KIBI)} its own`;
}

/** A list of further CAs of this machine would be parsed at each start; a device has none. */
function withoutFurtherCas(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}

const folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-sizes-'));
try {
  await packages(folder);
  await resident(folder);
} finally {
  rmSync(folder, { recursive: true });
}
