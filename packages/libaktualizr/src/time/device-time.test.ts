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
const DAY = 86_400;

function memoryStore(): TimeStore {
  let attestation: Uint8Array | undefined;
  let previous: Instant | undefined;
  let verified: Instant | undefined;
  return {
    attestation: () => attestation,
    previousAttested: () => previous,
    saveAttestation: (received, times) => {
      [attestation, previous] = [received, times.previous];
      if (verified !== undefined) verified = Math.min(verified, times.time) as Instant;
    },
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

  it('never goes below what it had attested, nor below what it has judged by since, in any order of clocks, answers and restarts', async () => {
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
        let attestation = store.attestation();
        let lastAttested = BUILT_NOT_BEFORE;
        /** What is attested overrules what was judged by, and is never earlier than what was attested before. */
        const followAttestation = () => {
          if (store.attestation() === attestation) return;
          attestation = store.attestation();
          const attested = time.timesToReport().attestedTime ?? BUILT_NOT_BEFORE;
          assert.ok(
            attested >= lastAttested || lastAttested === BUILT_NOT_BEFORE,
            'attested anew as earlier',
          );
          lastAttested = attested;
          floor = Math.max(BUILT_NOT_BEFORE, attested) as Instant;
        };
        for (current of steps) {
          const { expires, isRestarted } = current;
          if (isRestarted) time = open();
          clocks.nowMs = current.clockMs;
          clocks.monotonicMs += current.passedMs;
          const [verifiedBefore, attestationBefore] = [store.verified(), store.attestation()];
          const judged: Instant[] = [];
          try {
            await inTrustedTime(time, async (now) => {
              judged.push(now);
              followAttestation();
              assert.ok(now >= floor, 'judged by a time that has passed');
              if (now >= expires) throw new MetadataError('ExpiredMetadata', 'Expired.');
            });
            followAttestation();
            floor = Math.max(floor, store.verified() ?? 0) as Instant;
          } catch (error) {
            if (!(error instanceof MetadataError)) throw error;
            const known = store.verified() ?? BUILT_NOT_BEFORE;
            assert.ok(known <= (verifiedBefore ?? 0) || known < expires, 'raised by what failed');
            followAttestation();
          }
          const { attestedTime: attested } = time.timesToReport();
          floor = Math.max(floor, attested ?? 0) as Instant;
          if (current.answer === 'absent' || current.answer === 'unreachable')
            assert.equal(store.attestation(), attestationBefore);
          assert.ok(time.now() >= floor, 'below the floor');
        }
      }),
      { numRuns: Math.max(1, RUNS) },
    );
  });

  /** With the Director's key, or as `answer` says; it starts with a clock in 1970. */
  function opened(answer: (nonce: string) => Instant | 'absent') {
    const clocks = { nowMs: 0, monotonicMs: 0 };
    const store = memoryStore();
    const nonces: string[] = [];
    const time = new DeviceTime({
      clock: { now: () => clocks.nowMs, monotonic: () => clocks.monotonicMs },
      store,
      director,
      gateway: {
        async attestedTime(nonce) {
          nonces.push(nonce);
          const said = answer(nonce);
          if (said === 'absent') return said;
          const { signer } = await fixedKey('director time');
          return signEnvelope(attestedTime({ time: said, nonce }), [signer]);
        },
      },
      log: () => undefined,
    });
    return { time, clocks, store, nonces };
  }

  /** Metadata that expire then; tells how often they were judged. */
  function metadata(expires: Instant) {
    const judged: Instant[] = [];
    const verify = async (now: Instant): Promise<string> => {
      judged.push(now);
      if (now >= expires) throw new MetadataError('ExpiredMetadata', 'Expired.');
      return 'fine';
    };
    return { judged, verify };
  }

  it('asks with a new nonce each time, of 32 hexadecimal digits', async () => {
    const { time, clocks, nonces } = opened(() => START);
    for (let round = 0; round < 3; round += 1) {
      await time.prepare();
      clocks.monotonicMs += 3_600_000;
    }
    assert.equal(new Set(nonces).size, 3);
    for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{32}$/);
  });

  it('counts to the last second that can be written, and no further', async () => {
    const last = parseInstant('9999-12-31T23:59:59Z');
    const { time, clocks } = opened(() => last);
    await time.prepare();
    clocks.monotonicMs += 5000;
    assert.equal(time.now(), last);
  });

  it('goes by the clock again, once that is near what was attested', async () => {
    const { time, clocks } = opened(() => START);
    await time.prepare();
    clocks.monotonicMs += 3_600_000;
    const near = START + 3600 + 200;
    clocks.nowMs = near * 1000;
    assert.equal(time.now(), START + 3600);
    await time.prepare();
    assert.equal(time.now(), near);
  });

  it('judges once, when what was attested says that the clock is right', async () => {
    const { time, clocks, nonces } = opened(() => START);
    clocks.nowMs = (START + 300) * 1000;
    const { judged, verify } = metadata(START);
    await assert.rejects(
      inTrustedTime(time, verify),
      (error) => error instanceof MetadataError && error.code === 'ExpiredMetadata',
    );
    assert.deepEqual([judged, nonces.length], [[START + 300], 1]);
  });

  it('judges anew, when what was attested says that the clock is ahead', async () => {
    const { time, clocks } = opened(() => START);
    clocks.nowMs = (START + 301) * 1000;
    const { judged, verify } = metadata((START + 1) as Instant);
    assert.equal(await inTrustedTime(time, verify), 'fine');
    assert.deepEqual(judged, [START + 301, START]);
  });

  it('leaves it at what has expired, when no time is attested that says otherwise', async () => {
    const { time, clocks } = opened(() => 'absent');
    clocks.nowMs = (START + YEAR) * 1000;
    await assert.rejects(
      inTrustedTime(time, metadata(START).verify),
      (error) => error instanceof MetadataError && error.code === 'ExpiredMetadata',
    );
  });

  it('is overruled by what is attested, when metadata held under a clock that was ahead', async () => {
    const { time, clocks, store } = opened(() => START);
    clocks.nowMs = (START + 25 * DAY) * 1000;
    assert.equal(await inTrustedTime(time, metadata((START + 30 * DAY) as Instant).verify), 'fine');
    clocks.nowMs = START * 1000;
    const { judged, verify } = metadata((START + DAY) as Instant);
    assert.equal(await inTrustedTime(time, verify), 'fine');
    assert.deepEqual([judged, store.verified()], [[START], START]);
  });

  it('writes down at most once an hour that metadata held', () => {
    const { time, store } = opened(() => 'absent');
    const verified = [0, 1, 3599, 3600, 3601, 10].map((at) => {
      time.held((START + at) as Instant);
      return (store.verified() ?? 0) - START;
    });
    assert.deepEqual(verified, [0, 0, 0, 3600, 3600, 3600]);
  });
});
