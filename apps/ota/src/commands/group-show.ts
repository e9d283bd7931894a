// `ota group show`: one group and its devices.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Device, Group } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findGroup } from '../lookup.ts';
import { type OutputOptions, details, print, table } from '../output.ts';

export function addGroupShow(group: Command): void {
  addVerb(group, 'show <group>', 'Show one group and its devices', 'ota group show fleet').action(
    async (text: string, options: OutputOptions) => {
      const api = connect();
      const found = await findGroup(api, text);
      const devices = await api.list<Device>(`${USER_API.groups}/${found.id}/devices`);
      print(options, { ...found, devices }, () => describeGroup(found, devices));
    },
  );
}

function describeGroup(group: Group, devices: readonly Device[]): string {
  const head = details([
    ['Name', group.name],
    ['Id', group.id],
    ['Kind', group.kind],
    ['Expression', group.expression],
    ['Devices', group.deviceCount],
  ]);
  const rows = devices.map((each) => [each.deviceId, each.name, each.status, each.uuid]);
  return `${head}\n\n${table(['DEVICE ID', 'NAME', 'STATUS', 'UUID'], rows, 'No devices in it.')}`;
}
