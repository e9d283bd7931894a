// A tiny operating system as OSTree keeps it, and a device's sysroot that runs its first version; made with the real
// `ostree` program. The tree is Linux enough for a chroot that borrows /usr from the machine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const OS = 'tiny-os';
export const KERNEL_ARGUMENTS = ['root=LABEL=tiny', 'quiet'];

/** Runs to its end, which has to be a good one; answers standard output. */
export function must(command: string, ...args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

export type Version = {
  readonly commit: string;
  readonly name: string;
};

export type OstreeWorld = {
  /** The repository as a server has it. */
  readonly server: string;
  readonly sysroot: string;
  readonly repository: string;
  readonly first: Version;
  /** Commits another version; `files` lie below usr/share/tiny. */
  commit(label: string, files?: Readonly<Record<string, Uint8Array>>, ...flags: readonly string[]): Version;
  /** `*` before the booted one, the next boot's first. */
  deployments(): string[];
  /** The directory of the deployment that the bootloader offers at that place. */
  directoryOf(index: number): string;
  /** Lets the deployments be deleted. */
  unlock(): void;
  /** Kernel arguments of what boots next. */
  kernelArguments(): string;
};

export function makeOstreeWorld(
  folder: string,
  prepare: (sysroot: string) => void = () => undefined,
): OstreeWorld {
  const [server, sysroot, tree] = ['server', 'sysroot', 'tree'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  makeTree(tree);
  must('ostree', 'init', '--mode=archive', `--repo=${server}`);
  const commit = (label: string, files = {}, ...flags: readonly string[]): Version => {
    writeVersion(tree, label, files);
    const owner = ['--owner-uid=0', '--owner-gid=0', '--no-xattrs'];
    const id = must(
      'ostree',
      'commit',
      `--repo=${server}`,
      '-b',
      'tiny',
      `--tree=dir=${tree}`,
      ...owner,
      ...flags,
    );
    return { commit: id, name: `${OS}-${label}` };
  };
  const first = commit('one');
  mkdirSync(sysroot);
  prepare(sysroot);
  must('ostree', 'admin', 'init-fs', `--sysroot=${sysroot}`, sysroot);
  must('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, OS);
  const repository = join(sysroot, 'ostree/repo');
  must('ostree', 'pull-local', `--repo=${repository}`, server, first.commit);
  const kernel = KERNEL_ARGUMENTS.map((argument) => `--karg=${argument}`);
  must('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${OS}`, ...kernel, first.commit);
  const deployed = join(sysroot, 'ostree/deploy', OS, 'deploy');
  const listed = () =>
    must('ostree', 'admin', 'status', `--sysroot=${sysroot}`)
      .split('\n')
      .flatMap((line) => / ([0-9a-f]{64}\.\d+)/.exec(line)?.[1] ?? []);
  return {
    server,
    sysroot,
    repository,
    first,
    commit,
    deployments: () => listed().map((name) => name.split('.', 1)[0] ?? ''),
    directoryOf: (index) => join(deployed, listed()[index] ?? 'none'),
    unlock: () => {
      if (!existsSync(deployed)) return;
      for (const name of listed()) must('chattr', '-i', join(deployed, name));
    },
    kernelArguments: () => optionsOf(join(sysroot, 'boot/loader/entries')),
  };
}

function makeTree(tree: string): void {
  for (const directory of [
    'boot',
    'dev',
    'proc',
    'run',
    'sys',
    'sysroot',
    'tmp',
    'var',
    'usr/etc',
    'usr/share/tiny',
  ])
    mkdirSync(join(tree, directory), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(tree, name));
  symlinkSync('sysroot/ostree', join(tree, 'ostree'));
  const modules = join(tree, 'usr/lib/modules/6.1');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, 'vmlinuz'), 'a kernel');
  writeFileSync(join(modules, 'initramfs.img'), 'an initramfs');
  writeFileSync(join(tree, 'usr/etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  symlinkSync('../usr/lib/os-release', join(tree, 'usr/etc/os-release'));
}

function writeVersion(tree: string, label: string, files: Readonly<Record<string, Uint8Array>>): void {
  const release = `ID=tiny\nPRETTY_NAME="Tiny ${label}"\nVERSION_ID=${label}\n`;
  writeFileSync(join(tree, 'usr/lib/os-release'), release);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(tree, 'usr/share/tiny', name), content);
}

/** Of the entry that is listed first by its version. */
function optionsOf(entries: string): string {
  const texts = readdirSync(entries).map((name) => readFileSync(join(entries, name), 'utf8'));
  const first = texts.find((text) => /^title .*\(ostree:0\)/m.test(text)) ?? texts[0] ?? '';
  return /^options (.*)$/m.exec(first)?.[1] ?? '';
}
