import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setStage } from './support/stage.ts';
import { openTestDevice, temporaryFolder } from './support/test-device.ts';

describe('a state of the update cycle that cannot be used', () => {
  const stage = setStage();

  for (const [state, isTold] of [
    ['{', true],
    ['null', true],
    ['{"kind":"Downloading"}', true],
    ['{"kind":"AwaitingReboot","update":{"correlationId":"","targets":[]},"bootId":"old"}', false],
  ] as const) {
    it(`does not keep the device from its next update: ${state}`, async () => {
      const folder = temporaryFolder();
      (await openTestDevice({ folder: folder.path, gateway: stage.gateway })).close();
      const database = new DatabaseSync(join(folder.path, 'storage', 'sql.db'));
      database.prepare('INSERT OR REPLACE INTO ota_connect_cycle VALUES(0, ?)').run(state);
      database.close();
      await stage.offer();
      const device = await stage.open({ folder: folder.path });
      assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
      assert.equal(
        device.log.some((line) => line.startsWith('warning: The stored state of the update cycle')),
        isTold,
      );
      stage.close(device);
      folder.remove();
    });
  }
});
