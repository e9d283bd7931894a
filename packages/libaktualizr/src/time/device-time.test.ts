import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fixedKey, MemoryMetadataStore, RepositorySimulator } from '@ota-connect/testkit';
import { attestedTime, MetadataError, parseInstant, signEnvelope, type Instant } from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import type { TimeStore } from '../ports.ts';
import { BUILT_NOT_BEFORE } from './built-not-before.ts';
import { DeviceTime } from './device-time.ts';
import { inTrustedTime } from './in-trusted-time.ts';

const RUNS = Math.round(Number(process.env['OTA_TEST_RUNS'] ?? 400) / 4);
const START = parseInstant('2031-01-01T00:00:00Z');
const YEAR = 31_536_000;

function memoryStore(): TimeStore {
  let attestation: Uint8Array | undefined;
  let previous: Instant | undefined;
  let verified: Instant | undefined;
  return {
    attestation: () => attestation,
    previousAttested: () => previous,
    saveAttestation: (received, before) => void ([attestation, previous] = [received, before]),
    verified: () => verified,
    saveVerified: (at) => void (verified = Math.max(at, verified ?? at) as Instant),
  };
}

describe('time of a device', () => {
  const director = new MemoryMetadataStore();
  before(async () => {
    const { director: served } = await RepositorySimulator.create().then(async (simulator) => {
      await simulator.attestTime(START);
      return simulator;
    });
    director.save('root', served.files.get('root.json') ?? new Uint8Array(), 2);
  });

  type Step = {
    readonly clockMs: number;
    readonly passedMs: number;
    /** What the Director answers: a time, a time that somebody else signs, or nothing. */
    readonly answer:
      | { readonly time: Instant; readonly by: 'director time' | 'stranger' }
      | 'absent'
      | 'unreachable';
    /** How long what it serves holds. */
    readonly expires: Instant;
    readonly isRestarted: boolean;
  };
  const instant = fc.integer({ min: START - YEAR, max: START + YEAR }) as fc.Arbitrary<Instant>;
  const step: fc.Arbitrary<Step> = fc.record({
    clockMs: fc.oneof(
      instant.map((at) => at * 1000),
      fc.double(),
      fc.constantFrom(0, -1, NaN, 8.64e15),
    ),
    passedMs: fc.nat({ max: 10_000_000 }),
    answer: fc.oneof(
      fc.record({ time: instant, by: fc.constantFrom('director time' as const, 'stranger' as const) }),
      fc.constantFrom('absent' as const, 'unreachable' as const),
    ),
    expires: instant,
    isRestarted: fc.boolean(),
  });

  it('never goes below what it has judged by or had attested, in any order of clocks, answers and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const store = memoryStore();
        const clocks = { nowMs: 0, monotonicMs: 0 };
        let current: Step | undefined;
        const open = () =>
          new DeviceTime({
            clock: { now: () => clocks.nowMs, monotonic: () => clocks.monotonicMs },
            store,
            director,
            gateway: {
              async attestedTime(nonce) {
                const answer = current?.answer ?? 'absent';
                if (answer === 'unreachable') throw new TransportError('unreachable', 'No network.');
                if (answer === 'absent') return 'absent';
                const { signer } = await fixedKey(answer.by);
                return signEnvelope(attestedTime({ time: answer.time, nonce }), [signer]);
              },
            },
            log: () => undefined,
          });
        let time = open();
        let floor = BUILT_NOT_BEFORE;
        for (current of steps) {
          const { expires, isRestarted } = current;
          if (isRestarted) time = open();
          clocks.nowMs = current.clockMs;
          clocks.monotonicMs += current.passedMs;
          const before = [store.verified(), store.attestation()];
          const judged: Instant[] = [];
          try {
            await inTrustedTime(time, async (now) => {
              judged.push(now);
              assert.ok(now >= floor, 'judged by a time that has passed');
              if (now >= expires) throw new MetadataError('ExpiredMetadata', 'Expired.');
            });
            floor = Math.max(floor, store.verified() ?? 0) as Instant;
          } catch (error) {
            if (!(error instanceof MetadataError)) throw error;
            const known = store.verified() ?? BUILT_NOT_BEFORE;
            assert.ok(known === before[0] || known < expires, 'raised by what failed');
          }
          const { attestedTime: attested } = time.attestedTimes();
          floor = Math.max(floor, attested ?? 0) as Instant;
          if (current.answer === 'absent' || current.answer === 'unreachable')
            assert.equal(store.attestation(), before[1]);
          assert.ok(time.now() >= floor, 'below the floor');
        }
      }),
      { numRuns: Math.max(1, RUNS) },
    );
  });

  it('asks with a new nonce each time, of 32 hexadecimal digits', async () => {
    const nonces: string[] = [];
    const store = memoryStore();
    const clocks = { monotonicMs: 0 };
    const time = new DeviceTime({
      clock: { now: () => 0, monotonic: () => clocks.monotonicMs },
      store,
      director,
      gateway: {
        async attestedTime(nonce) {
          nonces.push(nonce);
          const { signer } = await fixedKey('director time');
          return signEnvelope(attestedTime({ time: START, nonce }), [signer]);
        },
      },
      log: () => undefined,
    });
    for (let round = 0; round < 3; round += 1) {
      await time.prepare();
      clocks.monotonicMs += 3_600_000;
    }
    assert.equal(new Set(nonces).size, 3);
    for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{32}$/);
  });

  it('counts to the last second that can be written, and no further', async () => {
    const store = memoryStore();
    const clocks = { monotonicMs: 0 };
    const last = parseInstant('9999-12-31T23:59:59Z');
    const time = new DeviceTime({
      clock: { now: () => 0, monotonic: () => clocks.monotonicMs },
      store,
      director,
      gateway: {
        async attestedTime(nonce) {
          const { signer } = await fixedKey('director time');
          return signEnvelope(attestedTime({ time: last, nonce }), [signer]);
        },
      },
      log: () => undefined,
    });
    await time.prepare();
    clocks.monotonicMs += 5000;
    assert.equal(time.now(), last);
  });

  it('writes down at most once an hour that metadata held', () => {
    const saved: Instant[] = [];
    const inner = memoryStore();
    const store = { ...inner, saveVerified: (at: Instant) => (saved.push(at), inner.saveVerified(at)) };
    const time = new DeviceTime({
      clock: { now: () => 0 },
      store,
      director,
      gateway: { attestedTime: async () => 'absent' },
      log: () => undefined,
    });
    for (const at of [0, 1, 3599, 3600, 3601, 10]) time.held((START + at) as Instant);
    assert.deepEqual(saved, [START, START + 3600]);
  });
});
