// Pulls one commit out of the OSTree repository on a removable medium, which is trusted with nothing: libostree checks each
// object against its name, and the commit is the signed one. What an earlier pull left is used. client-protocol 12.1, 12.3
import { join } from 'node:path';
import { realpathSync } from 'node:fs';
import type { VerifiedTarget } from '@ota-connect/uptane';
import { InstallError, TransportError } from '../../errors.ts';
import type { FetchProgress, ImageMedium } from '../../ports.ts';
import { ofMedium } from '../files/medium.ts';
import { pullFailure } from './ostree-failure.ts';
import type { Sysroot } from './ostree-sysroot.ts';

export type FromMedium = {
  readonly target: VerifiedTarget;
  readonly commit: string;
  readonly medium: ImageMedium;
  readonly onProgress: FetchProgress;
  readonly signal: AbortSignal;
};

/** @throws TransportError `unreachable`, InstallError (`no_space`, `install_failed`), MetadataError (`TargetHashMismatch`) */
export async function pullFromMedium(sysroot: Sysroot, wanted: FromMedium): Promise<void> {
  const repository = repositoryOf(wanted);
  try {
    await pull(sysroot, repository, wanted);
  } catch (error) {
    if (!(error instanceof InstallError) || error.code !== 'no_space') throw error;
    await sysroot.prune();
    await pull(sysroot, repository, wanted);
  }
  wanted.onProgress(1, 1, 'Copied');
}

async function pull(
  sysroot: Sysroot,
  repository: string,
  { target, commit, signal }: FromMedium,
): Promise<void> {
  const args = ['pull-local', '--untrusted', repository, commit];
  const { code, stderr } = await sysroot.run({
    ...sysroot.repositoryCall(sysroot.repository, args),
    signal,
  });
  if (code === 0) return;
  const failure = pullFailure(stderr, { name: target.name, url: repository });
  // What is missing there, or went away with the medium, may be there when it is inserted again.
  if (
    /No such file or directory|not found|Input\/output error|No such metadata object/i.test(failure.message)
  )
    throw new TransportError('unreachable', failure.message, {
      cause: failure,
      details: { reason: 'medium' },
    });
  throw failure;
}

/** Itself, and no link to elsewhere. */
function repositoryOf({ target, medium: { directory } }: FromMedium): string {
  try {
    const repository = join(realpathSync(directory), 'images', 'ostree');
    if (realpathSync(repository) === repository) return repository;
  } catch (error) {
    throw ofMedium(error, ['images', 'ostree']);
  }
  const message = `${target.name}: images/ostree on the medium is a link to elsewhere.`;
  throw new TransportError('unreachable', message, { details: { reason: 'medium' } });
}
