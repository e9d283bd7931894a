// The client is killed (SIGKILL, a real process) at random moments of the download and at each boundary between stages;
// started again it goes on, and the server gets exactly one installation report.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launchCampaign, makeImage } from './support/campaign.ts';
import {
  createDevice,
  finished,
  start,
  startSystem,
  type Device,
  type Finished,
  type System,
} from './support/system.ts';
import { throttledLink } from './support/throttle.ts';

const MEBI = 1024 * 1024;
const KILLER = new URL('support/kill-at-boundary.mjs', import.meta.url).href;
const KILLS = Number(process.env['OTA_TEST_KILLS'] ?? 20);
const IMAGE_BYTES = 24 * MEBI;
/** Metadata and handshakes of each start, and what was under way between the link and the killed process. */
const LOST_BYTES_PER_KILL = 512 * 1024;

type DeviceRow = {
  readonly uuid: string;
  readonly deviceId: string;
  readonly ecus?: readonly { readonly installed?: { readonly sha256: string } }[];
};
type Report = { readonly result: { readonly code: string }; readonly timesReceived: number };
type List<T> = { readonly values: readonly T[] };

async function deviceRow(system: System, deviceId: string): Promise<DeviceRow> {
  const { values } = (await system.ota('device', 'list')) as List<DeviceRow>;
  const row = values.find((device) => device.deviceId === deviceId);
  assert.ok(row, `${deviceId} is not registered`);
  return (await system.ota('device', 'show', row.uuid)) as DeviceRow;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function imageOnDevice(device: Device): string {
  const files = readdirSync(device.imagesDir).map((name) => path.join(device.imagesDir, name));
  const largest = files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0];
  assert.ok(largest, 'no image on the device');
  return largest;
}

/** The update is done, and the server has taken one installation report for it, no more. */
async function assertReportedOnce(system: System, row: DeviceRow): Promise<void> {
  const { values: updates } = (await system.ota('device', 'updates', row.uuid)) as List<{ state: string }>;
  assert.deepEqual(
    updates.map((update) => update.state),
    ['completed'],
  );
  const { values: reports } = (await system.ota('device', 'reports', row.uuid)) as List<Report>;
  assert.deepEqual(
    reports.map((report) => [report.result.code, report.timesReceived]),
    [['OK', 1]],
  );
}

async function onceKilledAt(device: Device, save: number, when: 'before' | 'after'): Promise<Finished> {
  const env = { NODE_OPTIONS: `--import ${KILLER}`, KILL_AT_SAVE: String(save), KILL_WHEN: when };
  return finished(start('aktualizr', ['--config', device.configDir, 'once'], env));
}

/**
 * Every run goes one boundary further than the one before could, until a run meets its kill no more. Answers how many
 * runs were killed.
 */
async function killedAtEachSave(device: Device, when: 'before' | 'after'): Promise<number> {
  let kills = 0;
  for (let save = 1; save < 60; save += 1) {
    const end = await onceKilledAt(device, save, when);
    if (end.signal !== 'SIGKILL') {
      assert.equal(end.code, 0, end.stderr);
      return kills;
    }
    kills += 1;
  }
  assert.fail('the update did not end within 60 runs');
}

describe('kill -9 of aktualizr', () => {
  let system: System;
  before(async () => {
    system = await startSystem();
  });
  after(() => system.stop());

  it(`at ${KILLS} random moments of the download costs no progress and reports once`, async (test) => {
    const link = await throttledLink(system.gatewayPort, 400 * MEBI);
    test.after(() => link.close());
    const device = await createDevice(system, 'killed-in-download', {
      gatewayUrl: `https://localhost:${link.port}`,
    });
    assert.equal((await device.aktualizr('check')).code, 0);
    await system.ota(
      'group',
      'create',
      '--name',
      'killed-in-download',
      '--expression',
      'deviceid contains killed-in-download',
    );
    const image = makeImage(system, 'killed.bin', IMAGE_BYTES);
    await launchCampaign(system, { name: 'killed-in-download', file: image, group: 'killed-in-download' });
    link.setBytesPerSecond(4 * MEBI);
    let received = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      link.reset();
      const child = device.spawn('once');
      const done = finished(child);
      const share = (IMAGE_BYTES / (KILLS + 2)) * (0.2 + Math.random());
      await Promise.race([link.until(share + 20_000), done]);
      child.kill('SIGKILL');
      const end = await done;
      assert.equal(
        end.signal,
        'SIGKILL',
        `kill ${kill}: the client ended by itself with ${end.code}: ${end.stderr}`,
      );
      received += link.bytesDown();
    }
    link.reset();
    link.setBytesPerSecond(400 * MEBI);
    const last = await device.aktualizr('once');
    assert.equal(last.code, 0, last.stderr);
    received += link.bytesDown();
    assert.equal(sha256(imageOnDevice(device)), sha256(image));
    const lost = (received - IMAGE_BYTES) / KILLS;
    assert.ok(lost < LOST_BYTES_PER_KILL, `each kill cost ${Math.round(lost)} bytes that were fetched again`);
    const row = await deviceRow(system, 'killed-in-download');
    assert.equal(row.ecus?.[0]?.installed?.sha256, sha256(image));
    await assertReportedOnce(system, row);
  });

  for (const when of ['before', 'after'] as const) {
    it(`just ${when} each change of the state of the update cycle reports once`, async () => {
      const name = `killed-${when}-save`;
      const device = await createDevice(system, name);
      assert.equal((await device.aktualizr('check')).code, 0);
      await system.ota('group', 'create', '--name', name, '--expression', `deviceid contains ${name}`);
      const image = makeImage(system, `${name}.bin`, 100_000);
      await launchCampaign(system, { name, file: image, group: name });
      const kills = await killedAtEachSave(device, when);
      // Found, downloading, downloaded, installing, reporting: a check itself is no state that a restart would need.
      assert.ok(kills >= 5, `only ${kills} boundaries were met`);
      assert.equal(sha256(imageOnDevice(device)), sha256(image));
      await assertReportedOnce(system, await deviceRow(system, name));
    });
  }
});
