// `ota device updates`: what was assigned to a device and what became of it.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { DeviceUpdate } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { updatesTable } from '../device-updates.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addDeviceUpdates(device: Command): void {
  addVerb(device, 'updates <device>', 'List the updates of one device', 'ota device updates car-1')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (text: string, options: Options) => {
      const api = connect();
      const { uuid } = await findDevice(api, text);
      const path = `${USER_API.devices}/${uuid}/updates`;
      const updates = await api.list<DeviceUpdate>(path, {}, options.limit);
      print(options, { values: updates }, () => updatesTable(updates));
    });
}
