// A boot, as far as a machine without another kernel goes: a mount namespace whose root is the deployment, with the sysroot
// below /sysroot, the mark of a booted OSTree system, and a boot id of its own. libostree takes it for booted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Run } from '../../../apps/aktualizr/test/process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = 'apps/aktualizr/bin/aktualizr.js';

export type Place = {
  /** Of the device: configuration, storage, sentinel. Seen under its own path. */
  readonly folder: string;
  /** Directories of the namespace that are read-only. */
  readonly readOnly?: readonly string[];
};

export type Booted = {
  readonly aktualizr: (...args: readonly string[]) => Promise<Run>;
  /** The same as words of a command line inside. */
  readonly words: (...args: readonly string[]) => readonly string[];
  /** Any program inside. */
  readonly run: (...command: readonly string[]) => Promise<Run>;
};

/** Boots that directory of a sysroot. The sentinel directory is emptied, as a reboot does. */
export function bootDeployment(place: Place, sysroot: string, deployment: string): Booted {
  return booted(
    place,
    `
mount --bind "$SYSROOT" "$DEPLOYMENT/sysroot"
mount --bind "$SYSROOT/boot" "$DEPLOYMENT/boot"
mount --bind "$DEPLOYMENT/../../var" "$DEPLOYMENT/var"
mkdir -p "$DEPLOYMENT/var/tmp"
mount --bind /usr "$DEPLOYMENT/usr"
mount --rbind /dev "$DEPLOYMENT/dev"
mount -t proc proc "$DEPLOYMENT/proc"
mount -t tmpfs tmpfs "$DEPLOYMENT/run"
mount -t tmpfs tmpfs "$DEPLOYMENT/tmp"
touch "$DEPLOYMENT/run/ostree-booted" "$DEPLOYMENT/run/node"
mount --bind "$NODE" "$DEPLOYMENT/run/node"
mkdir -p "$DEPLOYMENT/run/project" "$DEPLOYMENT$FOLDER"
mount --bind "$PROJECT" "$DEPLOYMENT/run/project"
mount --bind "$FOLDER" "$DEPLOYMENT$FOLDER"
`,
    { SYSROOT: sysroot, DEPLOYMENT: deployment },
    ['chroot', deployment],
  );
}

/** The machine as it is, after another boot. */
export function bootMachine(place: Place): Booted {
  return booted(place, 'mount -t proc proc /proc', { DEPLOYMENT: '' }, []);
}

function booted(
  place: Place,
  mounts: string,
  names: Readonly<Record<string, string>>,
  enter: readonly string[],
): Booted {
  const bootId = join(place.folder, 'boot-id');
  writeFileSync(bootId, `${randomUUID()}\n`);
  const sentinels = join(place.folder, 'session');
  if (existsSync(sentinels)) rmSync(sentinels, { recursive: true });
  mkdirSync(sentinels, { mode: 0o700 });
  const env = {
    ...process.env,
    ...names,
    PROJECT: ROOT,
    NODE: process.execPath,
    FOLDER: place.folder,
    BOOT_ID: bootId,
  };
  const readOnly = (place.readOnly ?? []).map(
    (path) =>
      `mount --bind "$DEPLOYMENT${path}" "$DEPLOYMENT${path}"\nmount -o remount,bind,ro "$DEPLOYMENT${path}"`,
  );
  const script = `set -e
mount --make-rprivate /
${mounts}
mount --bind "$BOOT_ID" "$DEPLOYMENT/proc/sys/kernel/random/boot_id"
${readOnly.join('\n')}
exec "$@"`;
  const run = async (...command: readonly string[]): Promise<Run> => {
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...enter, ...command],
      {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (piece: Buffer) => (texts.stdout += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (texts.stderr += piece.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...texts };
  };
  const [node, project] = enter.length > 0 ? ['/run/node', '/run/project'] : [process.execPath, ROOT];
  const words = (...args: readonly string[]) => [
    node,
    join(project, PROGRAM),
    '--config',
    join(place.folder, 'config.toml'),
    ...args,
  ];
  return { run, words, aktualizr: (...args) => run(...words(...args)) };
}
