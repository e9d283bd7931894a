// `ota group add`: puts devices into a fixed group. A device that is in it already stays.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Group } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findDevice, findGroup } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addGroupAdd(group: Command): void {
  addVerb(group, 'add <group> <device...>', 'Put devices into a group', 'ota group add fleet car-3').action(
    async (groupText: string, deviceTexts: readonly string[], options: OutputOptions) => {
      const api = connect();
      const { id } = await findGroup(api, groupText);
      const devices = [];
      for (const text of deviceTexts) devices.push(await findDevice(api, text));
      for (const device of devices) await api.put(`${USER_API.groups}/${id}/devices/${device.uuid}`);
      const changed = await api.get<Group>(`${USER_API.groups}/${id}`);
      print(options, changed, () => `Group ${changed.name} has ${changed.deviceCount} device(s) now.`);
    },
  );
}
