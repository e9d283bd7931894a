// A device whose clock cannot be right, against a Director that attests the time: it updates all the same, by a time that
// nobody can set back, refuses whatever does not attest it, and recovers.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { fixedKey, fixedKeys, underKeyId, type SimulatedTime } from '@ota-connect/testkit';
import {
  addSeconds,
  formatInstant,
  instantFromMs,
  jsonObject,
  parseInstant,
  parseKeyId,
  type Instant,
  type MetadataCode,
} from '@ota-connect/uptane';
import { TransportError } from '../src/errors.ts';
import { BUILT_NOT_BEFORE } from '../src/time/built-not-before.ts';
import type { CheckResult } from '../src/results.ts';
import { manifestsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const HOUR = 3600;
const DAY = 86_400;
const NO_TIME = '1970-01-01T00:00:00Z';
const FAR_AHEAD = parseInstant('2099-01-01T00:00:00Z') * 1000;
const today = () => instantFromMs(Date.now());

describe('attested time', () => {
  const stage = setStage();
  const open = (clock: Parameters<typeof stage.open>[0] = {}) => stage.open(clock);

  /** A Director that attests the true time, and clocks of a device that a test sets. */
  async function setTimes(nowMs: number) {
    const clocks = { nowMs, monotonicMs: 1000 };
    const time = await stage.gateway.simulator.attestTime(today());
    const clock = { now: () => clocks.nowMs, monotonic: () => clocks.monotonicMs };
    return { clocks, time, clock };
  }

  /** It has seen the Director's Root, with a clock that was right. */
  async function knowDirector(): Promise<void> {
    const device = await open();
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'nothing_new');
    stage.close(device);
    stage.gateway.requests.length = 0;
  }

  const timesIn = (manifest: ReturnType<typeof manifestsOf>[number] | undefined) =>
    Object.values(manifest?.ecu_version_manifests ?? {}).map(({ signed }) => [
      signed.timeserver_time,
      signed.previous_timeserver_time,
    ]);

  const paths = () => stage.gateway.requests.map(({ method, path }) => `${method} ${path}`);
  const asked = () => paths().filter((path) => path === 'GET /director/time').length;
  const codeOf = (result: CheckResult): MetadataCode | undefined =>
    result.kind === 'refused' ? result.error.code : undefined;

  /** Everything published so far in the Image repository and by the Director expires then. */
  async function expireAt(expires: Instant): Promise<void> {
    for (const { roles } of [stage.gateway.simulator.director, stage.gateway.simulator.image]) {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) roles[role].expires = expires;
    }
    await stage.gateway.simulator.publish();
  }

  for (const [when, nowMs] of [
    ['set back to 1970', 0],
    ['before 1970', -8.64e15],
    ['far ahead', FAR_AHEAD],
    ['beyond what can be written', 8.64e15],
  ] as const) {
    it(`lets a device update whose clock is ${when}: manifest, time, metadata, image [5.4-2, 5.4-7, 5.4.2-1, 5.4.2.2-1, 5.4.3-1, 5.4.3.1-1, 5.4.4.2-1]`, async () => {
      const { clock, time } = await setTimes(nowMs);
      await knowDirector();
      await stage.offer();
      const { aktualizr, storage } = await open(clock);
      const verified = formatInstant(storage.time.verified() ?? BUILT_NOT_BEFORE);
      const result = await aktualizr.uptaneCycle();
      assert.equal(result.install?.kind, 'installed');
      assert.equal(result.reported, true);
      const order = [
        'PUT /director/manifest',
        'GET /director/time',
        'GET /repo/timestamp.json',
        'GET /repo/targets/app.bin',
      ];
      assert.deepEqual(
        paths().filter((path, at, all) => order.includes(path) && all.indexOf(path) === at),
        order,
      );
      assert.equal(asked(), 1);
      const [first, last] = [
        manifestsOf(stage.gateway.requests)[0],
        manifestsOf(stage.gateway.requests).at(-1),
      ];
      assert.deepEqual(timesIn(first), [[verified, NO_TIME]]);
      assert.deepEqual(timesIn(last), [[formatInstant(time.now), NO_TIME]]);
    });
  }

  it('is not asked for by a device whose clock may be right: its manifests tell under which time metadata held [5.4.2.1.2-5]', async () => {
    const { clock } = await setTimes(Date.now());
    await knowDirector();
    await stage.offer();
    const { aktualizr, storage } = await open(clock);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(asked(), 0);
    const verified = storage.time.verified();
    assert.ok(verified !== undefined && Math.abs(verified - today()) < HOUR);
    assert.deepEqual(timesIn(manifestsOf(stage.gateway.requests).at(-1)), [
      [formatInstant(verified), NO_TIME],
    ]);
  });

  it('is told as the constant of originals to a Director that attests none, and before anything was verified', async () => {
    const { aktualizr } = await open();
    await aktualizr.checkUpdates();
    await aktualizr.checkUpdates();
    const told = manifestsOf(stage.gateway.requests).map(timesIn);
    assert.deepEqual(told, [[[NO_TIME, NO_TIME]], [[NO_TIME, NO_TIME]]]);
  });

  it('is asked for at the first contact, as soon as Root says that there is one, and all is judged by it', async () => {
    const { clock, time } = await setTimes(0);
    await stage.offer();
    await expireAt(addSeconds(today(), -HOUR));
    const { aktualizr } = await open(clock);
    const refused = await aktualizr.checkUpdates();
    assert.equal(codeOf(refused), 'ExpiredMetadata');
    assert.equal(time.answers.length, 1);
    await expireAt(addSeconds(today(), DAY));
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
  });

  it('counts on by a clock that nobody sets, also without network, and is asked for again after an hour', async () => {
    const { clock, clocks, time } = await setTimes(0);
    await stage.offer();
    await expireAt(addSeconds(time.now, 2 * HOUR));
    const { aktualizr } = await open(clock);
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    clocks.monotonicMs += HOUR * 1000 - 1;
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    assert.equal(asked(), 1);
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    clocks.monotonicMs += 1;
    time.now = addSeconds(time.now, HOUR);
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    assert.equal(asked(), 2);
    clocks.monotonicMs += HOUR * 1000;
    time.now = addSeconds(time.now, HOUR);
    const late = await aktualizr.install();
    assert.equal(late.kind === 'refused' && late.error.code, 'ExpiredMetadata');
    // What has expired by the last attestation is judged by a new one, if there is one.
    assert.equal(asked(), 3);
  });

  it('gives way to the clock once that agrees with it, and is asked for again where it does not', async () => {
    const { clock, clocks, time } = await setTimes(0);
    const { aktualizr } = await open(clock);
    await aktualizr.checkUpdates();
    assert.equal(asked(), 1);
    clocks.monotonicMs += HOUR * 1000;
    clocks.nowMs = (time.now + HOUR) * 1000;
    await aktualizr.checkUpdates();
    assert.equal(asked(), 1);
    clocks.nowMs = 0;
    await aktualizr.checkUpdates();
    assert.equal(asked(), 2);
    // Not below what is certain, but a day away from what was attested an hour ago.
    clocks.monotonicMs += HOUR * 1000;
    clocks.nowMs = (time.now + DAY) * 1000;
    await aktualizr.checkUpdates();
    assert.equal(asked(), 3);
  });

  type Failure = {
    readonly what: string;
    readonly why: RegExp;
    readonly begin: (time: SimulatedTime) => Promise<void> | void;
  };
  const FAILURES: readonly Failure[] = [
    {
      what: 'is absent',
      why: /gives none/,
      begin: (time) => void (time.override = 'absent'),
    },
    {
      what: 'is an earlier answer, sent again',
      why: /another question/,
      begin: async (time) => {
        const old = await time.answer('ab'.repeat(16));
        time.override = old;
      },
    },
    {
      what: 'is without our nonce',
      why: /cannot be read/,
      begin: (time) => {
        time.edit = (signed) => jsonObject(Object.entries(signed).filter(([name]) => name !== 'nonce'));
      },
    },
    {
      what: 'is unsigned',
      why: /0 valid signatures of 1/,
      begin: (time) => void (time.signWith = []),
    },
    {
      what: 'is signed by a stranger',
      why: /0 valid signatures/,
      begin: async (time) => {
        const own = await fixedKey('director time');
        time.signWith = [underKeyId(await fixedKey('stranger'), own.keyId)];
      },
    },
    {
      what: 'is signed by the key of another role',
      why: /0 valid signatures/,
      begin: async (time) => void (time.signWith = [await fixedKey('director targets')]),
    },
    {
      what: 'is signed twice by one key',
      why: /twice/,
      begin: (time) => void (time.signWith = [...time.keys, ...time.keys]),
    },
    {
      what: 'does not end',
      why: /does not end/,
      begin: (time) => void (time.override = new Uint8Array(100_000).fill(0x20)),
    },
    {
      what: 'is a page of somebody else',
      why: /cannot be read/,
      begin: (time) => void (time.override = Buffer.from('<html>Please log in</html>')),
    },
  ];

  for (const { what, why, begin } of FAILURES) {
    it(`is refused when it ${what}; nothing else changes, and the next honest one is taken [5.4.4-1]`, async () => {
      const { clock, time } = await setTimes(0);
      await knowDirector();
      await stage.offer();
      await begin(time);
      const { aktualizr, storage } = await open(clock);
      const known = storage.metadata.director.load('targets');
      const result = await aktualizr.checkUpdates();
      assert.equal(codeOf(result), 'TimeUntrusted');
      assert.match(result.kind === 'refused' ? result.error.message : '', why);
      assert.deepEqual(storage.metadata.director.load('targets'), known);
      assert.equal(storage.metadata.image.load('timestamp'), undefined);
      assert.equal(paths().includes('GET /director/targets.json'), false);
      const told = manifestsOf(stage.gateway.requests)
        .flatMap((manifest) => Object.values(manifest.ecu_version_manifests))
        .map(({ signed }) => signed.attacks_detected);
      assert.match(String(told.at(-1)), /^freeze: TimeUntrusted/);
      time.heal();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    });
  }

  it('is refused by fewer keys than Root demands, and taken by enough', async () => {
    const { clock, time } = await setTimes(0);
    const [one, two] = await fixedKeys('time', 2);
    assert.ok(one !== undefined && two !== undefined);
    stage.gateway.simulator.director.time = { keys: [one, two], threshold: 2 };
    await stage.gateway.simulator.director.publishRoot();
    await knowDirector();
    const { aktualizr } = await open(clock);
    time.signWith = [one, underKeyId(one, parseKeyId('twin'))];
    assert.equal(codeOf(await aktualizr.checkUpdates()), 'TimeUntrusted');
    time.signWith = [one, two];
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
  });

  it('is refused when it is older than one before, over a restart too', async () => {
    const { clock, time } = await setTimes(0);
    const first = await open(clock);
    await first.aktualizr.checkUpdates();
    stage.close(first);
    const { now } = time;
    time.now = addSeconds(now, -1);
    const { aktualizr } = await open(clock);
    const refused = await aktualizr.checkUpdates();
    assert.equal(codeOf(refused), 'TimeUntrusted');
    time.now = addSeconds(now, 1);
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
    await aktualizr.sendManifest();
    const [report] = Object.values(manifestsOf(stage.gateway.requests).at(-1)?.ecu_version_manifests ?? {});
    assert.equal(report?.signed.timeserver_time, formatInstant(addSeconds(now, 1)));
    assert.equal(report.signed.previous_timeserver_time, formatInstant(now));
  });

  for (const [what, fault] of [
    ['drops', { kind: 'drop' }],
    ['breaks', undefined],
  ] as const) {
    it(`is waited for when the connection ${what}: nothing is judged, nothing is reported`, async () => {
      const { clock } = await setTimes(0);
      await knowDirector();
      await stage.offer();
      const isTime = ({ path }: { readonly path: string }) => path === '/director/time';
      if (fault === undefined) {
        const broken = { status: 503, headers: {}, body: new Uint8Array() };
        stage.gateway.answerOf = (request) => (isTime(request) ? broken : undefined);
      } else stage.gateway.faultOf = (request) => (isTime(request) ? fault : undefined);
      const { aktualizr, storage } = await open(clock);
      await assert.rejects(aktualizr.checkUpdates(), TransportError);
      assert.equal(storage.installations.results().device, undefined);
      assert.deepEqual(storage.attacks.pending(), []);
      stage.gateway.faultOf = () => undefined;
      stage.gateway.answerOf = () => undefined;
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    });
  }

  it('is kept over a restart, as what lies behind the device: offline it installs, and refuses what expired before', async () => {
    const { clock, time } = await setTimes(0);
    await stage.offer();
    await expireAt(addSeconds(time.now, HOUR));
    const first = await open(clock);
    await first.aktualizr.checkUpdates();
    await first.aktualizr.download();
    stage.close(first);
    stage.gateway.requests.length = 0;
    const second = await open(clock);
    assert.equal((await second.aktualizr.install()).kind, 'installed');
    assert.equal(asked(), 0);
    stage.close(second);
    // Attested in between, with the update still to come.
    time.now = addSeconds(time.now, 2 * HOUR);
    const third = await open(clock);
    assert.equal(codeOf(await third.aktualizr.checkUpdates()), 'ExpiredMetadata');
    stage.close(third);
    const fourth = await open(clock);
    const late = await fourth.aktualizr.install();
    assert.equal(late.kind === 'refused' && late.error.code, 'ExpiredMetadata');
  });

  it('of a stolen key, far in the future, is forgotten when Root withdraws the key', async () => {
    const { clock, time } = await setTimes(0);
    await knowDirector();
    time.now = parseInstant('2090-01-01T00:00:00Z');
    const { aktualizr } = await open(clock);
    assert.equal(codeOf(await aktualizr.checkUpdates()), 'ExpiredMetadata');
    time.keys = [await fixedKey('new time')];
    time.now = today();
    stage.gateway.simulator.director.time = time;
    await stage.gateway.simulator.director.publishRoot();
    await stage.offer();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });
});

describe('device without attested time', () => {
  const stage = setStage();

  it('judges by the time under which metadata held last, when its clock is set back [5.4.1-4]', async () => {
    await stage.offer();
    let nowMs = Date.now();
    const now = () => nowMs;
    const first = await stage.open({ now });
    assert.equal((await first.aktualizr.checkUpdates()).kind, 'updates');
    assert.ok((first.storage.time.verified() ?? 0) >= today() - 60);
    stage.close(first);
    nowMs = 0;
    const { aktualizr } = await stage.open({ now });
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    stage.gateway.simulator.image.roles.timestamp.expires = addSeconds(today(), -HOUR);
    await stage.gateway.simulator.publish();
    assert.equal(codeOf(await aktualizr.checkUpdates()), 'ExpiredMetadata');
    assert.equal(
      stage.gateway.requests.some(({ path }) => path === '/director/time'),
      false,
    );
  });

  it('judges by the time it was built, when it was never used before [5.4.1-4]', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open({ now: () => 0 });
    stage.gateway.simulator.image.roles.timestamp.expires = parseInstant('2025-12-31T23:59:59Z');
    await stage.gateway.simulator.publish();
    assert.equal(codeOf(await aktualizr.checkUpdates()), 'ExpiredMetadata');
    stage.gateway.simulator.image.roles.timestamp.expires = addSeconds(today(), DAY);
    await stage.gateway.simulator.publish();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  it('recovers from a clock far ahead as soon as that is right, for what failed under it is no time', async () => {
    await stage.offer();
    let nowMs = FAR_AHEAD;
    const { aktualizr, storage } = await stage.open({ now: () => nowMs });
    assert.equal(codeOf(await aktualizr.checkUpdates()), 'ExpiredMetadata');
    assert.equal(storage.time.verified(), undefined);
    nowMs = Date.now();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  const codeOf = (result: CheckResult) => (result.kind === 'refused' ? result.error.code : undefined);
});
