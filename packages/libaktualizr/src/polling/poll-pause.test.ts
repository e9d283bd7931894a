import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { pauseUntilDue } from './poll-pause.ts';

const HOUR = 3_600_000;

/** A clock on which every sleep takes its time, and `meanwhile` says what passes beside it. */
function clock(meanwhile: (nap: number) => number = () => 0) {
  let now = 1_900_000_000_000;
  const naps: number[] = [];
  return {
    naps,
    now: () => now,
    sleep: async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      naps.push(ms);
      now += ms + meanwhile(naps.length);
    },
  };
}

describe('pause of a polling daemon', () => {
  const signal = new AbortController().signal;
  const random = () => 0.5;

  it('is one sleep when it is short', async () => {
    const short = clock();
    assert.equal(await pauseUntilDue({ clock: short, ms: 10_000, random, signal }), 'due');
    assert.deepEqual(short.naps, [10_000]);
  });

  it('wakes every five minutes when it is long, and takes as long as it was asked to', async () => {
    const long = clock();
    await pauseUntilDue({ clock: long, ms: HOUR, random, signal });
    assert.deepEqual([...new Set(long.naps)], [300_000]);
    assert.equal(long.naps.length, 12);
  });

  it('ends soon after a suspension that made the poll overdue, at random within a minute', async () => {
    const suspended = clock((nap) => (nap === 2 ? 8 * HOUR : 0));
    await pauseUntilDue({ clock: suspended, ms: HOUR, random, signal });
    assert.deepEqual(suspended.naps, [300_000, 300_000, 30_000]);
  });

  it('is shorter by a suspension that did not make the poll overdue', async () => {
    const suspended = clock((nap) => (nap === 1 ? HOUR / 2 : 0));
    await pauseUntilDue({ clock: suspended, ms: HOUR, random, signal });
    assert.equal(
      suspended.naps.slice(0, -1).reduce((sum, nap) => sum + nap, 0),
      HOUR / 2,
    );
  });

  it('is not longer for a clock that is set back', async () => {
    const setBack = clock((nap) => (nap === 1 ? -1000 * HOUR : 0));
    await pauseUntilDue({ clock: setBack, ms: HOUR, random, signal });
    assert.equal(setBack.naps.length, 12);
  });

  it('ends at once when it is told to', async () => {
    const told = new AbortController();
    told.abort();
    assert.equal(await pauseUntilDue({ clock: clock(), ms: HOUR, random, signal: told.signal }), 'ended');
  });
});
