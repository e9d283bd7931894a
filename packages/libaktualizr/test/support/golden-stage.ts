// What the golden tests stand on: for each test the recorded device in a fresh folder, against a gateway whose Director
// serves Root and Targets alone, as the recorded one did.
import { afterEach, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import {
  RECORDED_CORRELATION,
  RECORDED_PRIMARY,
  recordedConfig,
  toldByOriginal,
  toldByUs,
  withoutDirectorTimestamp,
} from './golden.ts';
import { openTestDevice, temporaryFolder, type DeviceOptions, type TestDevice } from './test-device.ts';
import { openTestGateway, type TestGateway } from './test-gateway.ts';

const PRIMARY = {
  serial: parseEcuSerial(RECORDED_PRIMARY.serial),
  hardwareId: parseHardwareId(RECORDED_PRIMARY.hardwareId),
};

export type GoldenStage = {
  readonly gateway: TestGateway;
  readonly folder: string;
  /** The device of a recording, configured by its own configuration report; on the same storage when opened again. */
  readonly open: (name: string, options?: Partial<DeviceOptions>) => Promise<TestDevice>;
  /** As recorded: its name, length and campaign. */
  readonly offer: (name: 'apps/app1-1.0.bin' | 'app1.bin' | 'app2.bin') => Promise<void>;
  /** What was sent since the last look, by us and by the original in this recording. */
  readonly exchanges: (name: string) => {
    readonly ours: readonly string[];
    readonly theirs: readonly string[];
  };
  /** They are the same, but for the one difference that is allowed everywhere. */
  readonly expectExchanges: (name: string) => void;
};

/** Call inside `describe`. */
export function setGoldenStage(): GoldenStage {
  let gateway: TestGateway;
  let folder: ReturnType<typeof temporaryFolder>;
  let device: TestDevice | undefined;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    device?.close();
    device = undefined;
    folder.remove();
    await gateway.close();
  });
  const exchanges = (name: string) => {
    const place = { url: gateway.url, folder: folder.path };
    const ours = withoutDirectorTimestamp(toldByUs(gateway.requests.splice(0), place));
    return { ours, theirs: toldByOriginal(name) };
  };
  return {
    get gateway() {
      return gateway;
    },
    get folder() {
      return folder.path;
    },
    async open(name, options = {}) {
      device?.close();
      const factory = await recordedConfig(name, gateway, folder.path);
      const needsReboot = factory.pacman.fakeNeedReboot;
      device = await openTestDevice({ folder: folder.path, gateway, factory, needsReboot, ...options });
      await device.aktualizr.initialize();
      return device;
    },
    async offer(name) {
      const lengthBytes = name === 'app2.bin' ? 300_000 : 102_400;
      gateway.simulator.offer(name, 'x'.repeat(lengthBytes), [PRIMARY]);
      gateway.simulator.correlate(RECORDED_CORRELATION);
      await gateway.simulator.publish();
    },
    exchanges,
    expectExchanges: (name) => {
      const { ours, theirs } = exchanges(name);
      assert.deepEqual(ours, theirs);
    },
  };
}

/** `once` as the command does it. */
export async function once({ aktualizr }: TestDevice): Promise<void> {
  await aktualizr.sendDeviceData();
  await aktualizr.uptaneCycle();
  await aktualizr.flushReports();
}
