// Whether a commit lies in the repository whole: its own bytes have the signed hash, nothing of it is marked as still to
// come, and every directory and file that it names is there. Contents were checked by libostree when they arrived.
// client-protocol 6.6; Uptane Standard #verify_image_primary.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '@ota-connect/uptane';
import type { Sysroot } from './ostree-sysroot.ts';

export async function isComplete(
  sysroot: Sysroot,
  commit: string,
): Promise<'verified' | 'missing' | 'incomplete' | 'tampered'> {
  const bytes = readCommit(sysroot.repository, commit);
  if (bytes === undefined) return 'missing';
  if (sha256Hex(bytes) !== commit) return 'tampered';
  if (existsSync(join(sysroot.repository, 'state', `${commit}.commitpartial`))) return 'incomplete';
  const call = sysroot.repositoryCall(sysroot.repository, ['ls', '--recursive', commit]);
  const { code, stderr } = await sysroot.run({ ...call, ignoresOutput: true });
  if (code === 0) return 'verified';
  return /Corrupted/.test(stderr) ? 'tampered' : 'incomplete';
}

function readCommit(repository: string, commit: string): Uint8Array | undefined {
  const file = join(repository, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commit`);
  return existsSync(file) ? readFileSync(file) : undefined;
}
