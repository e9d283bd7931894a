// `once`: device data, then one whole update cycle. client-features RUN-02.
import { tellCycle } from './tell.ts';
import type { Command } from './context.ts';

export const once: Command = async ({ aktualizr, output, signal }) => {
  await aktualizr.sendDeviceData({ signal });
  return tellCycle(output, await aktualizr.uptaneCycle({ signal }));
};
