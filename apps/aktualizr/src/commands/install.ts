// `install`: installs what is known and downloaded, without asking the server; an image that is not there yet is
// downloaded first. The report travels with the next check. client-features RUN-05.
import { tellDownload, tellInstall } from './tell.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const install: Command = async ({ aktualizr, output, signal }) => {
  const first = await aktualizr.install({ signal });
  if (first.kind !== 'image_not_usable') return tellInstall(output, first);
  output.log('info', `The image of ${first.target} is ${first.reason}.`);
  const told = tellDownload(output, await aktualizr.download({ signal }));
  if (told.exitCode !== EXIT_CODES.ok) return told;
  return tellInstall(output, await aktualizr.install({ signal }));
};
