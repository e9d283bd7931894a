// A bare Debian as another machine would have it, in a folder: debootstrap makes it once for all tests of a run (and keeps
// it for the next run), each machine is a throw-away layer over it in namespaces of its own. `boot` starts its systemd as
// PID 1. The network is this machine's, so that it reaches a server that a test runs on localhost.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ENTER = fileURLToPath(new URL('enter-debian.sh', import.meta.url));
const INCLUDED = ['systemd', 'systemd-sysv', 'dbus', 'libatomic1'];
const STALE_MS = 15 * 60_000;
const MAX_TRIES = 600;

export type Done = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Whether PID 1 is the machine's systemd, or a process that only holds the namespaces. */
export type MachineKind = 'booted' | 'folder';

export class DebianMachine {
  readonly #holder: ChildProcess;
  readonly #pid: number;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.#pid = pid;
  }

  static async open(kind: MachineKind): Promise<DebianMachine> {
    const base = await debianBase();
    const holder = spawn(
      'unshare',
      ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=SIGKILL', 'sh', ENTER, kind, base],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      assert.equal(holder.exitCode, null, 'the machine ended before it had started');
      const pid = firstProcessOf(holder);
      if (pid !== undefined) {
        const machine = new DebianMachine(holder, pid);
        if (machine.#isUp(kind)) return machine;
      }
      await sleep(100);
    }
    throw new Error('the machine did not start within a minute');
  }

  /** As root, in the machine's root folder. */
  run(command: string, ...args: readonly string[]): Done {
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      DEBIAN_FRONTEND: 'noninteractive',
      LC_ALL: 'C',
    };
    const into = ['-t', String(this.#pid), '-m', '-p', '-u', '-i', '-C', '--root', '--wd'];
    const done = spawnSync('nsenter', [...into, command, ...args], { encoding: 'utf8', env });
    return { status: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  /** The same, expected to end with 0; answers standard output. */
  must(command: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = this.run(command, ...args);
    assert.equal(status, 0, `${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** A path of the machine as this machine sees it. */
  path(place: string): string {
    return `/proc/${this.#pid}/root${place}`;
  }

  write(place: string, content: string | Uint8Array): void {
    mkdirSync(path.dirname(this.path(place)), { recursive: true });
    writeFileSync(this.path(place), content);
  }

  exists(place: string): boolean {
    return existsSync(this.path(place));
  }

  async close(): Promise<void> {
    const group = controlGroup(this.#pid);
    const gone = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.kill('SIGKILL');
    await gone;
    if (group === undefined) return;
    // A control group can be removed when the last process in it is gone, which is a moment after PID 1.
    for (let tries = 0; tries < 50 && existsSync(group); tries += 1) {
      spawnSync('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { stdio: 'ignore' });
      await sleep(20);
    }
  }

  #isUp(kind: MachineKind): boolean {
    if (kind === 'folder') return existsSync(this.path('/run/machine-is-up'));
    if (!existsSync(this.path('/run/systemd/system'))) return false;
    return /^(?:running|degraded)/.test(this.run('systemctl', 'is-system-running').stdout);
  }
}

function firstProcessOf(holder: ChildProcess): number | undefined {
  const children = `/proc/${holder.pid}/task/${holder.pid}/children`;
  const [first] = existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ') : [];
  return first === undefined || first === '' ? undefined : Number(first);
}

/** Of a booted machine, as this machine sees it. */
function controlGroup(pid: number): string | undefined {
  const [, name] = /\/(ota-connect-machine-[^/\n]+)/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
  const places = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].map((folder) => path.join(folder, name ?? '-'));
  return places.find((place) => existsSync(place));
}

/** The folder that all machines are layers over. */
async function debianBase(): Promise<string> {
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const base = path.join(tmpdir(), `ota-connect-debian-${suite}`);
  const lock = `${base}.lock`;
  for (let tries = 0; !existsSync(base); tries += 1) {
    assert.ok(tries < MAX_TRIES * 10, `${lock} is held by somebody else`);
    if (take(lock)) makeBase(suite, base, lock);
    else await sleep(100);
  }
  return base;
}

function take(lock: string): boolean {
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  // Whoever made it was killed: debootstrap never takes that long.
  if (age > STALE_MS) rmSync(lock, { recursive: true });
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function makeBase(suite: string, base: string, lock: string): void {
  const unfinished = `${base}.new`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    const args = ['--variant=minbase', `--include=${INCLUDED.join(',')}`, suite, unfinished];
    const done = spawnSync('debootstrap', args, { encoding: 'utf8' });
    assert.equal(done.status, 0, `debootstrap: ${done.stdout.slice(-2000)}${done.stderr}`);
    writeFileSync(path.join(unfinished, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
    if (!existsSync(base)) renameSync(unfinished, base);
  } finally {
    rmdirSync(lock);
  }
}
