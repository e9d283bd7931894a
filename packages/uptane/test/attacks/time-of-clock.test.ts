// What a clock is worth: it never takes a device behind what is known for certain, whatever it says and in whatever order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { RepositorySimulator } from '@ota-connect/testkit';
import {
  addSeconds,
  formatInstant,
  MetadataError,
  parseInstant,
  timeFloor,
  trustedTime,
  type Instant,
} from '../../src/index.ts';
import { TestClient } from '../client.ts';
import { runs } from '../properties/runs.ts';

const BUILT = parseInstant('2030-01-01T00:00:00Z');
const LATER = parseInstant('2030-06-01T00:00:00Z');
const at = (instant: Instant) => instant * 1000;

describe('clock of a device', () => {
  it('is believed from what is certain on', () => {
    const known = { builtNotBefore: BUILT, clockMs: at(BUILT) };
    assert.deepEqual(trustedTime(known), { now: BUILT, isTrusted: true });
    assert.deepEqual(trustedTime({ ...known, clockMs: at(LATER) + 999 }), { now: LATER, isTrusted: true });
    assert.deepEqual(trustedTime({ ...known, clockMs: at(BUILT) - 1 }), { now: BUILT, isTrusted: false });
  });

  for (const [name, more] of [
    ['when metadata held', { lastVerified: LATER }],
    ['when a time was attested', { lastAttested: LATER }],
    ['when both were, at different times', { lastVerified: addSeconds(BUILT, 1), lastAttested: LATER }],
  ] as const) {
    it(`is not believed below the time ${name}`, () => {
      const known = { builtNotBefore: BUILT, ...more };
      assert.deepEqual(trustedTime({ ...known, clockMs: at(LATER) - 1 }), { now: LATER, isTrusted: false });
      assert.deepEqual(trustedTime({ ...known, clockMs: at(LATER) }), { now: LATER, isTrusted: true });
    });
  }

  for (const clockMs of [
    0,
    -1,
    -62_167_219_200_000,
    -8.64e15,
    -Infinity,
    NaN,
    Infinity,
    8.64e15,
    253_402_300_800_000,
  ]) {
    it(`says nothing at all when it says ${clockMs}`, () => {
      const { now, isTrusted } = trustedTime({ builtNotBefore: BUILT, clockMs });
      assert.deepEqual([now, isTrusted], [BUILT, false]);
      assert.equal(formatInstant(now), '2030-01-01T00:00:00Z');
    });
  }

  it('is believed to the last second that can be written', () => {
    const last = parseInstant('9999-12-31T23:59:59Z');
    assert.deepEqual(trustedTime({ builtNotBefore: BUILT, clockMs: at(last) }), {
      now: last,
      isTrusted: true,
    });
  });
});

describe('floor of the time', () => {
  /** Expires within two years of BUILT. */
  type Step = {
    readonly clockMs: number;
    readonly validDays: number;
    readonly attested: Instant | undefined;
  };
  const instant = fc.integer({ min: BUILT - 1000, max: BUILT + 63_072_000 }) as fc.Arbitrary<Instant>;
  const clockMs = fc.oneof(
    fc.integer({ min: at(BUILT) - 10_000_000, max: at(BUILT) + 63_072_000_000 }),
    fc.double(),
    fc.constantFrom(0, NaN, Infinity, -Infinity, 8.64e15),
  );
  const step: fc.Arbitrary<Step> = fc.record({
    clockMs,
    validDays: fc.integer({ min: 0, max: 730 }),
    attested: fc.option(instant, { nil: undefined }),
  });

  it('never falls, never lies above the time, and no failed verification raises it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let lastVerified: Instant | undefined;
        let lastAttested: Instant | undefined;
        const known = () => ({
          builtNotBefore: BUILT,
          ...(lastVerified === undefined ? {} : { lastVerified }),
          ...(lastAttested === undefined ? {} : { lastAttested }),
        });
        for (const { clockMs: said, validDays, attested } of steps) {
          const floor = timeFloor(known());
          const { now, isTrusted } = trustedTime({ clockMs: said, ...known() });
          assert.ok(now >= floor);
          assert.equal(now === floor || isTrusted, true);
          const expires = addSeconds(BUILT, validDays * 86_400);
          if (now < expires) lastVerified = Math.max(now, lastVerified ?? now) as Instant;
          else assert.equal(timeFloor(known()), floor);
          if (attested !== undefined && attested >= (lastAttested ?? attested)) lastAttested = attested;
          assert.ok(timeFloor(known()) >= floor);
        }
      }),
      runs(),
    );
  });

  it('does not trap: what held under it holds, and so does whatever expires later', async () => {
    const simulator = await RepositorySimulator.create();
    const client = new TestClient(simulator);
    simulator.offer('app.bin');
    await simulator.publish();
    // Ahead by 29 days of 30.
    const ahead = addSeconds(simulator.now, 29 * 86_400);
    assert.equal((await client.updates(ahead)).length, 1);
    const { now, isTrusted } = trustedTime({
      clockMs: at(simulator.now),
      builtNotBefore: BUILT,
      lastVerified: ahead,
    });
    assert.deepEqual([now, isTrusted], [ahead, false]);
    simulator.director.targets.clear();
    simulator.offer('next.bin');
    await simulator.publish();
    assert.equal((await client.updates(now)).length, 1);
  });

  it('is not raised by a clock under which all has expired [check_timestamp/4]', async () => {
    const simulator = await RepositorySimulator.create();
    const client = new TestClient(simulator);
    const far = parseInstant('9999-12-31T23:59:59Z');
    const error = await client.refuses('ExpiredMetadata', far);
    assert.ok(error instanceof MetadataError && error.attack === 'freeze');
    assert.equal((await client.verify()).kind, 'nothing_new');
  });
});
