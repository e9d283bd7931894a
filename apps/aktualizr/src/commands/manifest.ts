// `manifest`: tells the Director what is installed, and the result that waits. client-features 4.1.
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const manifest: Command = async ({ aktualizr, output, signal }) => {
  await aktualizr.sendManifest(undefined, { signal });
  output.print('The server has the manifest.');
  return { outcome: 'sent', exitCode: EXIT_CODES.ok };
};
