// `check`: device data, then a check. client-features RUN-03.
import { tellCheck } from './tell.ts';
import type { Command } from './context.ts';

export const check: Command = async ({ aktualizr, output }) => {
  await aktualizr.sendDeviceData();
  return tellCheck(output, await aktualizr.checkUpdates());
};
