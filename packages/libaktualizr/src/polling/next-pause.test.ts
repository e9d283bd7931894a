import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextPause } from './next-pause.ts';

const SETTINGS = { pollingMs: 10_000, jitterPercent: 10, maxBackoffMs: 3_600_000 };

describe('pause until the next poll', () => {
  it('is the interval, a little shorter or longer at random', () => {
    const pauses = [0, 0.5, 1].map((random) => nextPause(SETTINGS, { failures: 0, random }));
    assert.deepEqual(pauses, [9000, 10_000, 11_000]);
  });

  it('is exactly the interval without jitter', () => {
    assert.equal(nextPause({ ...SETTINGS, jitterPercent: 0 }, { failures: 0, random: 0.9 }), 10_000);
  });

  it('doubles with each failure in a row, up to the ceiling', () => {
    const pauses = [1, 2, 3, 9, 1000].map((failures) => nextPause(SETTINGS, { failures, random: 0.5 }));
    assert.deepEqual(pauses, [20_000, 40_000, 80_000, 3_600_000, 3_600_000]);
  });

  it('is never shorter than the interval for a ceiling below it', () => {
    assert.equal(nextPause({ ...SETTINGS, maxBackoffMs: 1000 }, { failures: 3, random: 0.5 }), 10_000);
  });

  it('is at least what the server asked for, and not the same for all', () => {
    const pauses = [0, 0.5].map((random) =>
      nextPause(SETTINGS, { failures: 1, retryAfterSeconds: 600, random }),
    );
    assert.deepEqual(pauses, [600_000, 630_000]);
  });

  it('believes no server that sends devices away for more than a day', () => {
    const asked = nextPause(SETTINGS, { failures: 1, retryAfterSeconds: 1e12, random: 0 });
    assert.equal(asked, 86_400_000);
  });

  it('is a positive whole number, whatever comes together', () => {
    const settings = fc.record({
      pollingMs: fc.integer({ min: 1000, max: 4_294_967_295_000 }),
      jitterPercent: fc.integer({ min: 0, max: 50 }),
      maxBackoffMs: fc.integer({ min: 1000, max: 604_800_000 }),
    });
    const situation = fc.record({
      failures: fc.nat(),
      retryAfterSeconds: fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, situation, (some, now) => {
        const pause = nextPause(some, now);
        assert.ok(Number.isSafeInteger(pause) && pause >= some.pollingMs / 2);
      }),
    );
  });
});
