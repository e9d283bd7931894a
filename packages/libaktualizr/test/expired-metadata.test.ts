import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { addSeconds, instantFromMs } from '@ota-connect/uptane';
import { reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const HOUR_MS = 3_600_000;

describe('metadata that expires on the way', () => {
  const stage = setStage();

  /** What is published from now on holds for an hour of this clock, which stands where the test puts it. */
  function startClock() {
    let now = Date.now();
    const limit = (): void => {
      for (const { roles } of [stage.gateway.simulator.director, stage.gateway.simulator.image]) {
        for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
          roles[role].expires = addSeconds(instantFromMs(now), HOUR_MS / 1000);
        }
      }
    };
    limit();
    return { now: () => now, pass: (ms: number) => void (now += ms), limit };
  }

  it('stops a download that comes too late [5.4.3.2-1]', async () => {
    const { now, pass } = startClock();
    await stage.offer();
    const { aktualizr } = await stage.open({ now });
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    pass(HOUR_MS);
    const late = await aktualizr.download();
    assert.equal(late.kind === 'refused' && late.error.code, 'ExpiredMetadata');
    assert.equal(
      stage.gateway.requests.some(({ path }) => path.includes('/targets/')),
      false,
    );
  });

  it('stops an installation that comes too late, which is reported and can be made up for [5.4.3.2-1, 5.4.4-1]', async () => {
    const { now, pass, limit } = startClock();
    await stage.offer();
    const { aktualizr } = await stage.open({ now });
    await aktualizr.checkUpdates();
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    pass(HOUR_MS);
    const late = await aktualizr.install();
    assert.equal(late.kind === 'refused' && late.error.code, 'ExpiredMetadata');
    assert.deepEqual(aktualizr.installationLog(), []);
    limit();
    stage.gateway.simulator.correlate('urn:here-ota:campaign:again');
    await stage.gateway.simulator.publish();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(
      reportsOf(stage.gateway.requests).map(({ result }) => result.code),
      ['VERIFICATION_FAILED', 'OK'],
    );
  });

  it('does not undo an installation that waits for its reboot [5.4.4-1]', async () => {
    const { now, pass } = startClock();
    await stage.offer();
    const first = await stage.open({ now, needsReboot: true });
    assert.equal((await first.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    stage.close(first);
    pass(HOUR_MS);
    stage.gateway.requests.length = 0;
    const rebooted = await stage.open({ now, needsReboot: true, bootId: 'boot-2' });
    await rebooted.aktualizr.checkUpdates();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
    assert.equal(rebooted.aktualizr.installationLog()[0]?.name, 'app.bin');
  });
});
