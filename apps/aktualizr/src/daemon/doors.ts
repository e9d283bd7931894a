// The ways in to a daemon: its control socket, and D-Bus on top where a bus exists. A way that cannot be opened is said and
// does not keep the device from updating, unless the configuration says that D-Bus is required. Loaded only when wanted.
import { existsSync } from 'node:fs';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { Output } from '../output.ts';
import type { ControlApi } from './control-api.ts';

export type Door = { close(): Promise<void> };

export type DoorOptions = { readonly config: Config; readonly output: Output };

const SYSTEM_BUS = '/var/run/dbus/system_bus_socket';

/** @throws ControlError `no_bus` when D-Bus is required and not to be had */
export async function openDoors(api: ControlApi, { config, output }: DoorOptions): Promise<Door> {
  const doors: Door[] = [];
  const close = async () => {
    await Promise.all(doors.map((door) => door.close()));
  };
  if (config.control.socket !== '') {
    const { openControlSocket } = await import('../control/server.ts');
    const door = await openControlSocket(api, {
      path: config.control.socket,
      group: config.control.group,
      output,
    });
    if (door !== undefined) doors.push(door);
  }
  if (isBusWanted(config)) {
    const { openBus } = await import('../dbus/bus-door.ts');
    try {
      doors.push(await openBus(api, { isRequired: config.control.dbus === 'required', output }));
    } catch (error) {
      await close();
      throw error;
    }
  }
  return { close };
}

function isBusWanted({ control: { dbus } }: Config): boolean {
  if (dbus !== 'auto') return dbus === 'required';
  return process.env.DBUS_SYSTEM_BUS_ADDRESS !== undefined || existsSync(SYSTEM_BUS);
}
