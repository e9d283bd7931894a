// `ota device show`: one device, its ECUs, its updates, and the attacks that it told of.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Device, DeviceAttack, DeviceUpdate } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { updatesTable } from '../device-updates.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, details, print, table } from '../output.ts';

export function addDeviceShow(device: Command): void {
  addVerb(
    device,
    'show <device>',
    'Show one device (device id, name or uuid)',
    'ota device show car-1',
  ).action(async (text: string, options: OutputOptions) => {
    const api = connect();
    const { uuid } = await findDevice(api, text);
    const found = await api.get<Device>(`${USER_API.devices}/${uuid}`);
    const updates = await api.list<DeviceUpdate>(`${USER_API.devices}/${uuid}/updates`);
    print(options, { ...found, updates }, () => describeDevice(found, updates));
  });
}

function describeDevice(device: Device, updates: readonly DeviceUpdate[]): string {
  const head = details([
    ['Device id', device.deviceId],
    ['Name', device.name],
    ['Uuid', device.uuid],
    ['Status', device.status],
    ['Created', device.createdAt],
    ['Last seen', device.lastSeen ?? 'never'],
  ]);
  const ecus = table(
    ['ECU', 'HARDWARE ID', 'PRIMARY', 'INSTALLED', 'SHA256'],
    (device.ecus ?? []).map((ecu) => [
      ecu.serial,
      ecu.hardwareId,
      ecu.primary,
      ecu.installed?.filename,
      ecu.installed?.sha256,
    ]),
    'No ECUs registered yet.',
  );
  const parts = [head, ecus, updatesTable(updates)];
  const attacks = device.attacks ?? [];
  if (attacks.length > 0) parts.push(attacksTable(attacks));
  return parts.join('\n\n');
}

function attacksTable(attacks: readonly DeviceAttack[]): string {
  return table(
    ['ATTACK', 'ECU', 'FIRST', 'LAST'],
    attacks.map((attack) => [attack.text, attack.ecuSerial, attack.firstAt, attack.at]),
    '',
  );
}
