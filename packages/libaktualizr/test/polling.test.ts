// The daemon's loop against a real gateway: what it sends, how long it waits, and what others may do to it meanwhile.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PollingControl } from '../src/polling/polling-control.ts';
import type { PollingSettings } from '../src/polling/polling-settings.ts';
import { runForever, type LoopOptions } from '../src/run-forever.ts';
import type { Aktualizr } from '../src/aktualizr.ts';
import { setStage } from './support/stage.ts';
import { manifestsOf } from './support/requests.ts';

const SETTINGS: PollingSettings = {
  isOnline: true,
  pollingMs: 10_000,
  jitterPercent: 0,
  maxBackoffMs: 60_000,
  manifestMaxAgeMs: 600_000,
};

describe('polling', () => {
  const stage = setStage();

  type Run = Partial<LoopOptions> & { readonly pauses: number; readonly onPause?: (pause: number) => void };

  /** Runs the loop through so many pauses; answers their lengths. */
  async function poll(
    aktualizr: Aktualizr,
    { pauses, onPause, ...options }: Run,
  ): Promise<readonly number[]> {
    const stop = new AbortController();
    const naps: number[] = [];
    let now = Date.now();
    await runForever(aktualizr, {
      polling: () => SETTINGS,
      signal: stop.signal,
      onCycle: () => undefined,
      onError: () => undefined,
      endWhenRebootNeeded: () => false,
      random: () => 0.5,
      clock: {
        now: () => now,
        sleep: async (ms, signal) => {
          naps.push(ms);
          now += ms;
          onPause?.(naps.length);
          if (naps.length === pauses) stop.abort();
          signal.throwIfAborted();
        },
      },
      ...options,
    });
    return naps;
  }

  it('sends a manifest that says nothing new once, and keeps one connection', async () => {
    const { aktualizr } = await stage.open();
    assert.deepEqual(await poll(aktualizr, { pauses: 5 }), [10_000, 10_000, 10_000, 10_000, 10_000]);
    assert.equal(manifestsOf(stage.gateway.requests).length, 1);
    assert.equal(stage.gateway.connections(), 1);
  });

  it('asks each time for metadata, conditionally, and gets no byte that it has', async () => {
    const { aktualizr } = await stage.open();
    await poll(aktualizr, { pauses: 1 });
    stage.gateway.requests.length = 0;
    await poll(aktualizr, { pauses: 2 });
    const asked = stage.gateway.requests.filter(({ path }) => path.endsWith('/targets.json'));
    assert.equal(asked.length, 2);
    for (const { headers } of asked) assert.match(String(headers['if-none-match']), /"/);
  });

  it('sends each manifest where none may be left out', async () => {
    const { aktualizr } = await stage.open();
    await poll(aktualizr, { pauses: 3, polling: () => ({ ...SETTINGS, manifestMaxAgeMs: 0 }) });
    assert.equal(manifestsOf(stage.gateway.requests).length, 3);
  });

  it('sends an unchanged manifest again when the last one is old', async () => {
    let now = Date.now();
    const { aktualizr } = await stage.open({ now: () => now });
    await poll(aktualizr, { pauses: 5, onPause: () => void (now += 200_000) });
    assert.equal(manifestsOf(stage.gateway.requests).length, 2);
  });

  it('sends what changed and what waits for the server, however young the last manifest is', async () => {
    const { aktualizr } = await stage.open();
    await poll(aktualizr, { pauses: 1 });
    await stage.offer();
    await poll(aktualizr, { pauses: 2 });
    const manifests = manifestsOf(stage.gateway.requests);
    assert.equal(manifests.filter((manifest) => manifest.installation_report !== undefined).length, 1);
    assert.equal(manifests.length, 3);
  });

  it('leaves out nothing that a person asks for by hand', async () => {
    const { aktualizr } = await stage.open();
    await poll(aktualizr, { pauses: 1 });
    await aktualizr.checkUpdates();
    await aktualizr.uptaneCycle();
    assert.equal(manifestsOf(stage.gateway.requests).length, 3);
  });

  it('waits longer after each failure, and as usual after a success', async () => {
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    const { aktualizr } = await stage.open({ http: { attempts: 1 } });
    const onPause = (pause: number) => {
      if (pause === 4) stage.gateway.faultOf = () => undefined;
    };
    assert.deepEqual(
      await poll(aktualizr, { pauses: 6, onPause }),
      [20_000, 40_000, 60_000, 60_000, 10_000, 10_000],
    );
  });

  it('comes back when the server said so, and asks it nothing more before', async () => {
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/manifest'
        ? { status: 503, headers: { 'retry-after': '120' }, body: Buffer.from('') }
        : undefined;
    const { aktualizr } = await stage.open();
    assert.deepEqual(await poll(aktualizr, { pauses: 1 }), [120_000]);
    assert.equal(stage.gateway.requests.at(-1)?.path, '/director/manifest');
    assert.equal(manifestsOf(stage.gateway.requests).length, 1);
  });

  it('closes its connection over long pauses and resumes the TLS session', async () => {
    const { aktualizr, http } = await stage.open();
    const rest = http.rest.bind(http);
    aktualizr.rest = rest;
    await poll(aktualizr, { pauses: 3, polling: () => ({ ...SETTINGS, pollingMs: 60_000 }) });
    assert.equal(stage.gateway.connections(), 3);
    assert.equal(stage.gateway.resumed(), 2);
  });

  it('asks nobody while online updates are switched off, and polls when they are switched on', async () => {
    const { aktualizr } = await stage.open();
    const control = new PollingControl();
    let isOnline = false;
    const onPause = (pause: number) => {
      if (pause !== 2) return;
      assert.deepEqual(stage.gateway.requests, []);
      isOnline = true;
      control.pollNow();
    };
    await poll(aktualizr, { pauses: 3, control, onPause, polling: () => ({ ...SETTINGS, isOnline }) });
    assert.equal(manifestsOf(stage.gateway.requests).length, 1);
  });

  it('polls at once when it is told to, and ends when it is told to', async () => {
    const { aktualizr } = await stage.open();
    const control = new PollingControl();
    const onPause = (pause: number) => (pause === 1 ? control.pollNow() : control.end());
    const naps = await poll(aktualizr, { pauses: 9, control, onPause });
    assert.equal(naps.length, 2);
    const polls = stage.gateway.requests.filter(({ path }) => path === '/director/targets.json');
    assert.equal(polls.length, 2);
  });

  it('takes an abort by hand for no failure of the server', async () => {
    const { aktualizr } = await stage.open();
    aktualizr.subscribe(({ kind }) => {
      if (kind === 'PutManifestComplete') aktualizr.abort();
    });
    assert.deepEqual(await poll(aktualizr, { pauses: 1 }), [10_000]);
  });
});
