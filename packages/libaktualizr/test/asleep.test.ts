// A device that was switched off for thirteen months: the Roots of both repositories were changed three times, with new
// keys for every role, and all that it has stored has expired. It updates by itself. Uptane Standard #check_root
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedKey } from '@ota-connect/testkit';
import { addSeconds } from '@ota-connect/uptane';
import { setStage } from './support/stage.ts';
import { reportsOf } from './support/requests.ts';

const DAY = 86_400;
const ASLEEP = 396 * DAY;

describe('a device that slept for thirteen months', () => {
  const stage = setStage();

  /** Whatever was stored has expired, and none of its keys counts any more. */
  async function changeEverything(): Promise<void> {
    const { simulator } = stage.gateway;
    const expires = addSeconds(simulator.now, ASLEEP + 30 * DAY);
    for (const rotation of [1, 2, 3]) {
      for (const repository of [simulator.director, simulator.image]) {
        for (const [name, role] of Object.entries(repository.roles)) {
          role.keys = [await fixedKey(`${repository.name} ${name} of rotation ${rotation}`)];
          role.expires = expires;
        }
        await repository.publishRoot();
      }
    }
    await simulator.publish();
  }

  async function fallAsleep(): Promise<void> {
    await stage.offer('before.bin');
    const device = await stage.open();
    const cycle = await device.aktualizr.uptaneCycle();
    assert.equal(cycle.install?.kind, 'installed');
    stage.close(device);
    await changeEverything();
    stage.gateway.simulator.director.targets.clear();
    await stage.offer('after.bin', 'after thirteen months');
  }

  it('updates by itself, over three Roots of each repository', async () => {
    await fallAsleep();
    const now = () => (stage.gateway.simulator.now + ASLEEP) * 1000;
    const device = await stage.open({ now });
    const { check, install } = await device.aktualizr.uptaneCycle();
    assert.equal(check.kind === 'refused' ? check.error.message : '', '');
    assert.deepEqual([check.kind, install?.kind], ['updates', 'installed']);
    assert.equal(device.storage.metadata.director.loadRoot(4) !== undefined, true);
    assert.equal(reportsOf(stage.gateway.requests).length, 2);
  });

  it('does so with a clock that went back to 1970 meanwhile', async () => {
    await fallAsleep();
    const device = await stage.open({ now: () => 0 });
    const { install } = await device.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'installed');
  });

  it('does so with a clock that woke up ten years ahead, by the time that the Director attests', async () => {
    await fallAsleep();
    await stage.gateway.simulator.attestTime(addSeconds(stage.gateway.simulator.now, ASLEEP));
    const ahead = (stage.gateway.simulator.now + 3650 * DAY) * 1000;
    const device = await stage.open({ now: () => ahead });
    const { install } = await device.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'installed');
  });
});
