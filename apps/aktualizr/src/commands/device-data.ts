// `device_data`: tells the server what changed of hardware, packages, network and configuration. client-features 4.1.
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from './context.ts';

export const deviceData: Command = async ({ aktualizr, output, signal }) => {
  const isComplete = await aktualizr.sendDeviceData({ signal });
  output.print(isComplete ? 'The server has all device data.' : 'The server did not take all device data.');
  return { outcome: isComplete ? 'sent' : 'not_all_taken', exitCode: EXIT_CODES.ok };
};
