// The power is cut after each fsync of a full update: from the log of all writes the disk is made as it can be then, and the
// device starts on it. attacks.md, faults; reference: what may be on a disk after a power cut, support/disk-log.ts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DiskLog, type Arrived } from './support/disk-log.ts';
import { callsOfAnUpdate } from './support/files-of.ts';
import type { Call } from './support/traced.ts';
import { openTracedDevice, type TracedDevice } from './support/traced-device.ts';

const ARRIVED: readonly Arrived[] = [
  'what was synced',
  'all names, of the bytes what was synced',
  'all that was written',
];

describe('power cut after every fsync', () => {
  let device: TracedDevice;
  before(async () => {
    device = await openTracedDevice();
  });
  after(() => device.close());

  for (const arrived of ARRIVED) {
    it(`ends installed with one report, when the disk has ${arrived}`, async () => {
      device.reset();
      const start = filesBelow(device.folder);
      const calls = await callsOfAnUpdate(device);
      const sent = device.gateway.requests.splice(0);
      const log = new DiskLog(device.folder, start);
      let cuts = 0;
      for (const call of calls) {
        if (!log.apply(call)) continue;
        cuts += 1;
        device.replaceBy((folder) => log.leave(folder, arrived));
        device.gateway.requests.splice(0, Infinity, ...sent.filter((request) => isBefore(request, call)));
        await device.expectRecovery(`power cut after fsync ${cuts}`);
      }
      assert.ok(cuts > 30, `only ${cuts} barriers were found`);
      console.log(`${cuts} power cuts`);
    });
  }
});

function isBefore({ atSeconds }: { readonly atSeconds: number }, call: Call): boolean {
  return atSeconds <= call.atSeconds;
}

function filesBelow(folder: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => path.join(folder, name)).filter((file) => statSync(file).isFile());
  return new Map(files.map((file) => [file, readFileSync(file)]));
}
