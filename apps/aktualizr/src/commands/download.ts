// `download`: a check, then the download of what it found. Nothing found is nothing to do. client-features RUN-04.
import { tellCheck, tellDownload } from './tell.ts';
import type { Command } from './context.ts';

export const download: Command = async ({ aktualizr, output, signal }) => {
  const found = await aktualizr.checkUpdates({ signal });
  const told = tellCheck(output, found);
  return found.kind === 'updates' ? tellDownload(output, await aktualizr.download({ signal })) : told;
};
