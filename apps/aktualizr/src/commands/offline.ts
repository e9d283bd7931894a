// `offline DIRECTORY`: looks for a lockbox below the folder, copies its images and installs them, with no network. A path
// to one lockbox (DIRECTORY/metadata/director/NAME.json) takes that one, also when it was applied before.
// client-features TDX-01, W-43; docs/guides/offline-updates.md
import type { OfflineCheckResult, OfflineCycleResult } from '@ota-connect/libaktualizr';
import { EXIT_CODES, UsageError } from '../exit-codes.ts';
import type { Told } from '../outcome.ts';
import type { Output } from '../output.ts';
import type { Command } from './context.ts';
import { tellCheck, tellDownload, tellInstall } from './tell.ts';

const ONE_LOCKBOX = /^(.+)\/metadata\/director\/([^/]+)\.json$/;

export const offline: Command = async ({ aktualizr, output, signal, directory }) => {
  if (directory === undefined)
    throw new UsageError('offline takes one directory: aktualizr offline DIRECTORY.');
  const [, folder = directory, lockbox] = ONE_LOCKBOX.exec(directory) ?? [];
  const one = lockbox === undefined ? {} : { lockbox };
  return tellOffline(output, await aktualizr.uptaneCycleOffline(folder, { signal, ...one }));
};

/** Stage by stage, as a cycle online. */
export function tellOffline(output: Output, { check, download, install }: OfflineCycleResult): Told {
  let told = tellOfflineCheck(output, check);
  if (download !== undefined) told = tellDownload(output, download);
  if (install !== undefined) told = tellInstall(output, install);
  if (install?.kind === 'installed' || install?.kind === 'failed')
    output.print('The report is sent with the next check.');
  return told;
}

function tellOfflineCheck(output: Output, result: OfflineCheckResult): Told {
  if (result.kind === 'no_lockbox') {
    output.print('There is no lockbox for this device.');
    return { outcome: 'no_lockbox', exitCode: EXIT_CODES.ok };
  }
  if (result.kind === 'nothing_new') {
    output.print('No update: what the medium has was installed before.');
    return { outcome: 'nothing_new', exitCode: EXIT_CODES.ok };
  }
  const told = tellCheck(output, result);
  if (result.kind === 'blocked') output.log('info', 'A lockbox with a new version lifts that.');
  return told;
}
