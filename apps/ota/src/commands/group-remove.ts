// `ota group remove`: takes devices out of a fixed group. The devices themselves stay.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Group } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findDevice, findGroup } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

export function addGroupRemove(group: Command): void {
  const example = 'ota group remove fleet car-3';
  addVerb(group, 'remove <group> <device...>', 'Take devices out of a group', example).action(
    async (groupText: string, deviceTexts: readonly string[], options: OutputOptions) => {
      const api = connect();
      const { id } = await findGroup(api, groupText);
      const devices = [];
      for (const text of deviceTexts) devices.push(await findDevice(api, text));
      for (const device of devices) await api.remove(`${USER_API.groups}/${id}/devices/${device.uuid}`);
      const changed = await api.get<Group>(`${USER_API.groups}/${id}`);
      print(options, changed, () => `Group ${changed.name} has ${changed.deviceCount} device(s) now.`);
    },
  );
}
