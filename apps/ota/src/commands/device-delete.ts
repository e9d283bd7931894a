// `ota device delete`: the server forgets a device; its certificate opens nothing from then on, and its device id and
// ECU serials are free again.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addDeviceDelete(device: Command): void {
  const text = 'Delete a device; to come back it has to be provisioned anew';
  addVerb(device, 'delete <device>', text, 'ota device delete car-1').action(
    async (named: string, options: OutputOptions) => {
      const api = connect();
      const { uuid, deviceId } = await findDevice(api, named);
      await api.remove(`${USER_API.devices}/${uuid}`);
      print(options, { uuid, deviceId }, () => `Device ${deviceId} is deleted; its certificate is refused.`);
    },
  );
}
