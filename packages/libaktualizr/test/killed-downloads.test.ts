import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { killDownloads } from './support/kill-downloads.ts';
import { temporaryFolder } from './support/test-device.ts';

const KILLS = Number(process.env['OTA_TEST_DOWNLOAD_KILLS'] ?? 10);
const MEBI = 1024 * 1024;
const PROMISED_BYTES = 256 * 1024;

describe('a process that is killed while it fetches an image', () => {
  it(`has at most 256 KiB to fetch again, after each of ${KILLS} kills at random offsets`, async (test) => {
    const folder = temporaryFolder();
    test.after(() => folder.remove());
    const plan = { kills: KILLS, folder: folder.path, imageBytes: 3 * MEBI, bytesPerSecond: 2 * MEBI };
    const costs = await killDownloads(plan);
    assert.equal(costs.length, KILLS);
    assert.deepEqual(
      costs.filter((bytes) => bytes > PROMISED_BYTES),
      [],
    );
  });
});
