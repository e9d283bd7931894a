import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { RateLimit } from './rate-limit.ts';

describe('rate limit', () => {
  it('lets everything pass, when it is 0', () => {
    assert.equal(new RateLimit().take(1_000_000_000, 0), 0);
  });

  it('makes all takers together wait for what they took', () => {
    const rate = new RateLimit(1000);
    assert.equal(rate.take(1000, 100_000), 950);
    assert.equal(rate.take(1000, 100_000), 1950);
    assert.equal(rate.take(500, 101_000), 1450);
  });

  it('saves nothing up for later', () => {
    const rate = new RateLimit(1000);
    rate.take(1000, 100_000);
    assert.equal(rate.take(1000, 500_000), 950);
  });

  it('wakes those who wait, when it changes', async () => {
    const rate = new RateLimit(1);
    const waiting = new Promise<void>((resolve) => void rate.wait(rate.take(1_000_000), resolve));
    rate.set(0);
    await waiting;
    assert.equal(rate.take(1_000_000), 0);
  });
});
