// Makes a commit that was pulled the next boot's, and takes that back. The deployment before stays, to return to; /etc and
// the kernel arguments are those of the deployment that runs, unless the commit brings arguments of its own
// (`oe.kargs-default`, as Torizon's images do). client-features INS-01, INS-07, TDX-14.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from '../../errors.ts';
import type { Deployment } from './ostree-status.ts';
import type { Sysroot } from './ostree-sysroot.ts';

const KERNEL_ARGUMENTS = 'oe.kargs-default';

/** @throws InstallError `install_failed` */
export async function deploy(sysroot: Sysroot, os: string, commit: string): Promise<void> {
  const deployments = await sysroot.deployments();
  if (deployments.length === 0) {
    const which = os === '' ? 'no deployment' : `no deployment of "${os}" (pacman.os)`;
    throw new InstallError(
      'install_failed',
      `There is ${which} whose /etc and kernel arguments the new one could take over.`,
    );
  }
  const own = await ownKernelArguments(sysroot, commit);
  const kernel =
    own === undefined ? [] : ['--karg-none', ...own.map((argument) => `--karg-append=${argument}`)];
  await sysroot.admin(['deploy', ...osFlag(deployments, os), ...kernel, commit]);
}

/**
 * Makes the deployment before `commit` the next boot's: `done` when it runs already, `reboot` when it has to be booted,
 * `nothing` when there is none.
 */
export async function returnFrom(
  sysroot: Sysroot,
  os: string,
  commit: string,
): Promise<'done' | 'reboot' | 'nothing'> {
  const deployments = await sysroot.deployments();
  const [first] = deployments;
  const hasBooted = deployments.some(({ isBooted }) => isBooted);
  if (first === undefined) return 'nothing';
  if (first.commit !== commit) return first.isBooted || !hasBooted ? 'done' : 'reboot';
  if (hasBooted && !first.isBooted) {
    await sysroot.admin(['undeploy', String(first.index)]);
    return 'done';
  }
  const before = deployments.find((deployment) => deployment.commit !== commit);
  if (before === undefined) return 'nothing';
  await makeFirst(sysroot, osFlag(deployments, os), before);
  return 'reboot';
}

/** Newer programs change the order; older ones deploy the old commit again, which shares all its files. */
async function makeFirst(sysroot: Sysroot, flags: readonly string[], before: Deployment): Promise<void> {
  try {
    await sysroot.admin(['set-default', String(before.index)]);
    return;
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
  }
  await sysroot.admin([
    'deploy',
    ...flags,
    '--retain-rollback',
    ...argumentsOf(sysroot, before),
    before.commit,
  ]);
}

/** Those that it boots with now. */
function argumentsOf(sysroot: Sysroot, { index }: Deployment): readonly string[] {
  const entries = readEntries(sysroot.bootEntries);
  const entry = entries.find((text) => new RegExp(`^title .*\\(ostree:${index}\\)\\s*$`, 'm').test(text));
  const options = /^options (.*)$/m.exec(entry ?? '')?.[1];
  if (options === undefined) return [];
  const own = splitArguments(options).filter((argument) => !argument.startsWith('ostree='));
  return ['--karg-none', ...own.map((argument) => `--karg-append=${argument}`)];
}

function readEntries(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
}

async function ownKernelArguments(sysroot: Sysroot, commit: string): Promise<readonly string[] | undefined> {
  const call = sysroot.repositoryCall(sysroot.repository, [
    'show',
    `--print-metadata-key=${KERNEL_ARGUMENTS}`,
    commit,
  ]);
  const { code, stdout } = await sysroot.run(call);
  return code === 0 ? splitArguments(parseVariantString(stdout.trim())) : undefined;
}

/** A string as GVariant prints it: in single quotes, or in double ones when it has single ones inside. */
export function parseVariantString(text: string): string {
  const [, inner] = /^(?:'(.*)'|"(.*)")$/s.exec(text)?.filter((part) => part !== undefined) ?? [];
  return (inner ?? '').replaceAll(/\\(.)/gs, '$1');
}

/** At blanks that stand in no double quotes, as the kernel does. */
export function splitArguments(text: string): readonly string[] {
  return text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
}

/** The program needs a name where it has booted no OSTree system. */
function osFlag(deployments: readonly Deployment[], os: string): readonly string[] {
  const name = os === '' ? deployments[0]?.os : os;
  return name === undefined ? [] : [`--os=${name}`];
}
