// A device on a simulated machine: reboots and power cuts are the machine's, and the client is opened anew after each.
import { PRIMARY, SimulatedMachine, type MachineOptions } from '@ota-connect/testkit';
import type { Stage } from './stage.ts';
import type { DeviceOptions, InstallingPorts, TestDevice } from './test-device.ts';

export const GRACE_MS = 20_000;

export type MachineStage = {
  readonly machine: SimulatedMachine;
  readonly open: (options?: Partial<DeviceOptions>) => Promise<TestDevice>;
  /** Closes the device, boots the machine, opens it. */
  readonly reboot: (device: TestDevice, options?: Partial<DeviceOptions>) => Promise<TestDevice>;
};

/** `more`: ports besides the machine's, or in place of them; `health: undefined` is a device that checks none. */
export function onMachine(
  stage: Stage,
  options: Pick<MachineOptions, 'installs'> & {
    readonly more?: InstallingPorts;
    readonly checks?: boolean;
  } = {},
): MachineStage {
  const machine = new SimulatedMachine({ ecu: PRIMARY.serial, ...options });
  const open = (given: Partial<DeviceOptions> = {}) =>
    stage.open({ ...given, bootId: machine.bootId, wrap: { ...wrapping(machine, options), ...given.wrap } });
  return {
    machine,
    open,
    async reboot(device, given) {
      stage.close(device);
      machine.reboot();
      return open(given);
    },
  };
}

export function wrapping(
  machine: SimulatedMachine,
  { more = {}, checks = true }: { readonly more?: InstallingPorts; readonly checks?: boolean },
): NonNullable<DeviceOptions['wrap']> {
  const { bootloader, sentinel, health } = machine;
  return {
    packageManager: (manager) => machine.packageManager(manager),
    ports: () => ({ bootloader, sentinel, graceMs: GRACE_MS, ...(checks ? { health } : {}), ...more }),
  };
}
