import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestDevice, temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

describe('update cycle', () => {
  let gateway: TestGateway;
  const folder = temporaryFolder();
  before(async () => {
    gateway = await openTestGateway();
  });
  after(async () => {
    folder.remove();
    await gateway.close();
  });

  it('checks, downloads, installs and reports, once', async () => {
    const target = gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    const device = await openTestDevice({ folder: folder.path, gateway });
    await device.aktualizr.initialize();
    await device.aktualizr.sendDeviceData();
    const result = await device.aktualizr.uptaneCycle();
    console.log(
      result,
      gateway.requests.map((r) => `${r.method} ${r.path}`),
    );
    assert.equal(result.install?.kind, 'installed');
    const file = join(device.imagesPath, (target.hashes.sha256 ?? '').toUpperCase());
    assert.equal(readFileSync(file, 'utf8'), 'the new version');
    device.close();
  });
});
