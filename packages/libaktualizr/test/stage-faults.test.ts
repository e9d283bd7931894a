// A fault in the middle of a running device, which goes on living: the disk is full, read-only or broken at one call of the
// storage, or the clock jumps at one stage. The next cycles end as every other one: installed, with one report.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { addSeconds, type Instant } from '@ota-connect/uptane';
import { FaultPoints, PRIMARY } from '@ota-connect/testkit';
import { StorageError, type StorageCode } from '../src/errors.ts';
import { reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import type { DeviceOptions, TestDevice } from './support/test-device.ts';

const DAY_SECONDS = 24 * 3600;
const TEN_YEARS_SECONDS = 3653 * DAY_SECONDS;
/** Every how many calls one fails; `npm run test:long` takes each. */
const STRIDE = Number(process.env['OTA_TEST_STRIDE'] ?? 7);
/** Cycles that a device may need to get over one fault. */
const CYCLES = 4;

const DISKS: readonly (readonly [what: string, code: StorageCode, message: string])[] = [
  ['full', 'disk_full', 'The disk is full.'],
  ['broken or read-only', 'io', 'The disk is broken.'],
];

describe('a fault of the disk', () => {
  const stage = setStage();

  for (const [what, code, message] of DISKS) {
    it(
      `is got over, when the disk is ${what} at any one call of the storage`,
      { timeout: 240_000 },
      async () => {
        await stage.offer();
        let faults = 0;
        for (let at = 1; ; at += STRIDE) {
          stage.gateway.requests.length = 0;
          const points = new FaultPoints({ at, kind: 'throw', error: () => new StorageError(code, message) });
          const folder = stage.another();
          const device = await started({ folder, wrap: { storage: (port) => points.wrap(port, 'storage') } });
          await getOver(device);
          const place = `call ${at} (${points.calls[at - 1]})`;
          if (points.calls.length < at) break;
          faults += 1;
          expectDone(device, place);
          stage.close(device);
        }
        assert.ok(faults * STRIDE > 60, `only ${faults} calls were reached`);
      },
    );
  }

  /** As a service: one that ends while it starts is started again. */
  async function started(options: Partial<DeviceOptions>): Promise<TestDevice> {
    try {
      return await stage.open(options);
    } catch (error) {
      assert.ok(error instanceof StorageError, String(error));
      return stage.open({ ...options, wrap: {} });
    }
  }

  /** As the daemon: what fails is told, and the next cycle comes. */
  async function getOver({ aktualizr }: TestDevice): Promise<void> {
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      try {
        await aktualizr.sendDeviceData();
        const { check, reported } = await aktualizr.uptaneCycle();
        const sent = await aktualizr.flushReports();
        if (check.kind === 'nothing_new' && reported && sent === 'empty') return;
      } catch (error) {
        assert.ok(error instanceof StorageError, String(error));
      }
    }
  }

  function expectDone({ storage }: TestDevice, place: string): void {
    assert.equal(storage.installations.current(PRIMARY.serial)?.name, 'app.bin', place);
    assert.equal(storage.installations.results().device, undefined, place);
    assert.equal(storage.cycle.load().kind, 'Idle', place);
    const reports = new Set(reportsOf(stage.gateway.requests).map((report) => JSON.stringify(report)));
    assert.equal(reports.size, 1, place);
    assert.match([...reports][0] ?? '', /"code":"OK"/, place);
  }
});

describe('a clock that jumps', () => {
  const stage = setStage();
  const STAGES = ['check', 'download', 'install', 'report'] as const;

  for (const [where, jump] of [
    ['to 1970', (now: number) => now % (DAY_SECONDS * 1000)],
    ['ten years ahead', (now: number) => now + TEN_YEARS_SECONDS * 1000],
  ] as const) {
    for (const before of STAGES) {
      it(`${where} before the ${before} changes nothing, where the Director attests the time`, async () => {
        await stage.offer();
        const today = Math.floor(Date.now() / 1000) as Instant;
        await stage.gateway.simulator.attestTime(addSeconds(today, 0));
        let hasJumped = false;
        const { aktualizr, storage } = await stage.open({
          now: () => (hasJumped ? jump(Date.now()) : Date.now()),
        });
        for (const one of STAGES) {
          if (one === before) hasJumped = true;
          if (one === 'check') assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
          if (one === 'download') assert.equal((await aktualizr.download()).kind, 'downloaded');
          if (one === 'install') assert.equal((await aktualizr.install()).kind, 'installed');
          if (one === 'report') assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
        }
        assert.equal(storage.installations.current(PRIMARY.serial)?.name, 'app.bin');
        assert.equal(reportsOf(stage.gateway.requests).length, 1);
      });
    }
  }
});
