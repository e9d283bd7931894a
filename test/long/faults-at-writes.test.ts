// A real process meets a fault at each call that would change its disk during a full update: SIGKILL before the call takes
// effect, a full disk, a broken one, one that has become read-only. Started again it goes on: nothing that it had stored
// goes back, and it ends as every other run does. attacks.md, faults.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { filesOf } from './support/files-of.ts';
import { openTracedDevice, type TracedDevice } from './support/traced-device.ts';
import { tracedAktualizr, WRITING_CALLS } from './support/traced.ts';

/** Far more than an update needs. */
const MOST_CALLS = 5000;

const FAULTS = [
  { name: 'SIGKILL', inject: 'signal=KILL' },
  { name: 'a full disk', inject: 'error=ENOSPC' },
  { name: 'an I/O error', inject: 'error=EIO' },
  { name: 'a read-only file system', inject: 'error=EROFS' },
] as const;

// Two at a time: each run waits for its disk more than for a processor.
describe('faults at every call that writes', { concurrency: 2 }, () => {
  for (const { name, inject } of FAULTS) {
    describe(`${name} at every call that writes`, () => {
      let device: TracedDevice;
      before(async () => {
        device = await openTracedDevice();
      });
      after(() => device.close());

      it('ends installed with one report, wherever it strikes', async () => {
        device.reset();
        const before = device.metadataVersions();
        const only = (await filesOf(device)).flatMap((file) => ['-P', file]);
        let faults = 0;
        for (let at = 1; at < MOST_CALLS; at += 1) {
          device.reset();
          const strace = [
            ...only,
            '-e',
            `trace=${WRITING_CALLS}`,
            '-e',
            faultAt(inject, at),
            '-o',
            device.log,
          ];
          const end = await tracedAktualizr(strace, [...device.config, 'once']);
          if (!device.wasStruck()) break;
          faults += 1;
          const place = `${name} at call ${at}`;
          assert.ok(end.signal === 'SIGKILL' || end.code !== null, `${place}: ${end.signal} ${end.output}`);
          expectNoneLower(device.metadataVersions(), before, place);
          await device.expectRecovery(place);
        }
        assert.ok(faults > 100, `only ${faults} calls were reached`);
        console.log(`${faults} times ${name}`);
      });
    });
  }
});

function faultAt(inject: string, call: number): string {
  return `inject=${WRITING_CALLS}:${inject}:when=${call}`;
}

function expectNoneLower(
  now: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
  place: string,
): void {
  for (const [role, version] of before) {
    assert.ok((now.get(role) ?? 0) >= version, `${place}: ${role} went back to ${now.get(role)}`);
  }
}
