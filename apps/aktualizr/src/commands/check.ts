// `check`: device data, then a check. client-features RUN-03.
import { tellCheck } from './tell.ts';
import type { Command } from './context.ts';

export const check: Command = async ({ aktualizr, output, signal }) => {
  await aktualizr.sendDeviceData({ signal });
  return tellCheck(output, await aktualizr.checkUpdates({ signal }));
};
