// What the tests of the update cycle stand on: a fresh gateway and a fresh folder for each test, devices opened on demand.
import { afterEach, beforeEach } from 'node:test';
import { openTestDevice, temporaryFolder, type DeviceOptions, type TestDevice } from './test-device.ts';
import { openTestGateway, type TestGateway } from './test-gateway.ts';

export const CONTENT = 'the new version';

export type Stage = {
  readonly gateway: TestGateway;
  /** Opens the device, again when it was closed: the state stays in its folder. */
  open(options?: Partial<DeviceOptions>): Promise<TestDevice>;
  close(device: TestDevice): void;
  /** A fresh folder for another device, beside the first. */
  another(): string;
  /** Publishes an update; answers the name of its file on the device. */
  offer(name?: string, content?: string): Promise<string>;
};

/** Call inside `describe`. */
export function setStage(): Stage {
  let gateway: TestGateway;
  let folder: ReturnType<typeof temporaryFolder>;
  const opened = new Set<TestDevice>();
  const others: ReturnType<typeof temporaryFolder>[] = [];
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    for (const device of opened) device.close();
    opened.clear();
    folder.remove();
    for (const other of others.splice(0)) other.remove();
    await gateway.close();
  });
  return {
    get gateway() {
      return gateway;
    },
    async open(options = {}) {
      const device = await openTestDevice({ folder: folder.path, gateway, ...options });
      opened.add(device);
      try {
        await device.aktualizr.initialize();
      } catch (error) {
        device.close();
        opened.delete(device);
        throw error;
      }
      return device;
    },
    close(device) {
      device.close();
      opened.delete(device);
    },
    another() {
      const other = temporaryFolder();
      others.push(other);
      return other.path;
    },
    async offer(name = 'app.bin', content = CONTENT) {
      const target = gateway.simulator.offer(name, content);
      await gateway.simulator.publish();
      return (target.hashes.sha256 ?? '').toUpperCase();
    },
  };
}
