// `install`: installs what is known and downloaded, without asking the server; an image that is not there yet is
// downloaded first. The report travels with the next check. client-features RUN-05.
import { tellDownload, tellInstall } from './tell.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const install: Command = async ({ aktualizr, output }) => {
  const first = await aktualizr.install();
  if (first.kind !== 'image_not_usable') return tellInstall(output, first);
  output.log('info', `The image of ${first.target} is ${first.reason}.`);
  const code = tellDownload(output, await aktualizr.download());
  return code === EXIT_CODES.ok ? tellInstall(output, await aktualizr.install()) : code;
};
