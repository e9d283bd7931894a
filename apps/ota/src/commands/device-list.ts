// `ota device list`: every device and how it stands.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Device } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly nameContains?: string; readonly limit?: number };

const EMPTY =
  'No devices yet; make credentials for the first one with: ota credentials create --output credentials.zip';

export function addDeviceList(device: Command): void {
  addVerb(device, 'list', 'List devices', 'ota device list --name-contains car-')
    .option('--name-contains <text>', 'only devices whose name contains this')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (options: Options) => {
      const query = { nameContains: options.nameContains };
      const devices = await connect().list<Device>(USER_API.devices, query, options.limit);
      print(options, { values: devices }, () =>
        table(
          ['DEVICE ID', 'NAME', 'STATUS', 'LAST SEEN', 'UUID'],
          devices.map((each) => [each.deviceId, each.name, each.status, each.lastSeen ?? 'never', each.uuid]),
          EMPTY,
        ),
      );
    });
}
