import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from './manual-clock.ts';

describe('manual clock', () => {
  it('stands still until it is moved, and wakes sleepers in order', async () => {
    const clock = new ManualClock(1_000_000);
    const woken: string[] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms, new AbortController().signal);
      woken.push(name);
    };
    const all = Promise.all([sleep('late', 200), sleep('early', 100)]);
    assert.equal(clock.sleeping, 2);
    clock.advance(100);
    assert.equal(clock.sleeping, 1);
    clock.advance(100);
    await all;
    assert.deepEqual(woken, ['early', 'late']);
    assert.equal(clock.now(), 1_000_200);
    assert.equal(clock.instant(), 1000);
  });

  it('wakes a sleeper that is aborted, with the reason', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const sleeping = clock.sleep(1000, abort.signal);
    abort.abort(new Error('stop'));
    await assert.rejects(sleeping, /stop/);
    assert.equal(clock.sleeping, 0);
    assert.throws(() => clock.sleep(1, abort.signal), /stop/);
  });
});
