import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setStage } from './support/stage.ts';
import type { TestDevice } from './support/test-device.ts';

describe('clean-up of images', () => {
  const stage = setStage();

  const files = ({ imagesPath }: TestDevice) => readdirSync(imagesPath).toSorted();
  const update = async (device: TestDevice, name: string) => {
    stage.gateway.simulator.director.targets.clear();
    const file = await stage.offer(name, `content of ${name}`);
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    return file;
  };

  it('keeps those of the last two installations, and what is not an image', async () => {
    const device = await stage.open();
    const [, second, third] = [
      await update(device, 'one.bin'),
      await update(device, 'two.bin'),
      await update(device, 'three.bin'),
    ];
    writeFileSync(join(device.imagesPath, 'notes.txt'), 'of the operator');
    assert.equal(await device.aktualizr.removeOldImages(), 1);
    assert.deepEqual(files(device), [second, third, 'notes.txt'].toSorted());
    assert.deepEqual(
      device.aktualizr.storedTargets().map(({ name }) => name),
      ['two.bin', 'three.bin'],
    );
    assert.equal(await device.aktualizr.removeOldImages(), 0);
  });

  it('keeps what is installed, when none is to be kept', async () => {
    const device = await stage.open({ keepImages: 0 });
    await update(device, 'one.bin');
    const second = await update(device, 'two.bin');
    await device.aktualizr.removeOldImages();
    assert.deepEqual(files(device), [second]);
  });

  it('keeps a part of what is wanted, and removes it with its journal, once it is withdrawn', async () => {
    const file = await stage.offer('big.bin', 'x'.repeat(1_000_000));
    stage.gateway.faultOf = ({ path }) =>
      path.includes('/targets/') ? { kind: 'truncate', afterBytes: 100_000 } : undefined;
    const device = await stage.open();
    await device.aktualizr.uptaneCycle();
    writeFileSync(join(device.imagesPath, `${file}.journal`), '');
    await device.aktualizr.removeOldImages();
    assert.deepEqual(files(device), [file, `${file}.journal`]);
    stage.gateway.simulator.director.targets.clear();
    await stage.gateway.simulator.publish();
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'nothing_new');
    assert.equal(await device.aktualizr.removeOldImages(), 1);
    assert.deepEqual(files(device), []);
  });

  it('keeps what waits for a reboot', async () => {
    const file = await stage.offer();
    const device = await stage.open({ needsReboot: true, keepImages: 0 });
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    await device.aktualizr.removeOldImages();
    assert.deepEqual(files(device), [file]);
  });
});
