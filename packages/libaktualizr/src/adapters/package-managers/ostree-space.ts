// Whether there is room for a commit, before it is pulled: where it says how large it is (`ostree commit --generate-sizes`),
// that and the reserve that libostree keeps must be free. When it is not, what no deployment needs goes first.
// client-features W-10.
import { readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from '../../errors.ts';
import type { Sysroot } from './ostree-sysroot.ts';

/** libostree's default of core.min-free-space-percent. */
const RESERVE_PERCENT = 3;
const MEBI = 1024 * 1024;
const SIZES = new Map([
  ['MB', MEBI],
  ['GB', 1024 * MEBI],
  ['TB', 1024 * 1024 * MEBI],
]);
const UNITS = new Map([
  ['bytes', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
]);

/** Bytes that are to be written; undefined when the commit does not say. */
export async function neededSpace(sysroot: Sysroot, commit: string): Promise<number | undefined> {
  const call = sysroot.repositoryCall(sysroot.repository, ['show', '--print-sizes', commit]);
  const { code, stdout } = await sysroot.run(call);
  return code === 0 ? parseSizes(stdout) : undefined;
}

/** Of `Unpacked size (needed/total): 501.3 kB/501.6 kB` the first; GLib puts a no-break space before the unit, or `?` in the C locale. */
export function parseSizes(text: string): number | undefined {
  const [, amount, unit] = /^Unpacked size \(needed\/total\): ([\d.]+)[\s?](\w+)\//m.exec(text) ?? [];
  const factor = UNITS.get(unit === 'byte' ? 'bytes' : (unit ?? ''));
  return amount === undefined || factor === undefined ? undefined : Math.ceil(Number(amount) * factor);
}

/** @throws InstallError `no_space` */
export async function makeRoom(sysroot: Sysroot, name: string, needed: number | undefined): Promise<void> {
  if (needed === undefined || hasRoom(sysroot.repository, needed)) return;
  await sysroot.prune();
  if (hasRoom(sysroot.repository, needed)) return;
  const { available, reserve } = spaceOf(sysroot.repository);
  const message = `There is no space for ${name}: it needs ${needed} bytes and ${reserve} in reserve, ${available} are free on ${sysroot.repository}.`;
  throw new InstallError('no_space', message, { details: { needed, reserve, available } });
}

function hasRoom(repository: string, needed: number): boolean {
  const { available, reserve } = spaceOf(repository);
  return needed + reserve <= available;
}

function spaceOf(path: string): { readonly available: number; readonly reserve: number } {
  const { bavail, blocks, bsize } = statfsSync(path);
  const config = readFileSync(join(path, 'config'), 'utf8');
  return { available: bavail * bsize, reserve: reserveOf(config, blocks * bsize) };
}

/** What the repository's configuration keeps free of a disk of that size; a size goes before a percentage. */
export function reserveOf(config: string, diskBytes: number): number {
  const [, amount, unit = ''] = /^min-free-space-size\s*=\s*(\d+)([MGT]B)\s*$/m.exec(config) ?? [];
  if (amount !== undefined) return Number(amount) * (SIZES.get(unit) ?? 0);
  const percent = /^min-free-space-percent\s*=\s*(\d+)\s*$/m.exec(config)?.[1] ?? RESERVE_PERCENT;
  return Math.ceil((diskBytes * Number(percent)) / 100);
}
