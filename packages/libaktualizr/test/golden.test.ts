// Our client in the situations in which the original was recorded: the same requests in the same order, with the same
// bodies, member by member. What may differ is said in each test, and in withoutDirectorTimestamp for all of them.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { runForever } from '../src/run-forever.ts';
import { pollingSettings } from '../src/polling/polling-settings.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { golden } from './support/golden.ts';
import { once, setGoldenStage } from './support/golden-stage.ts';
import type { TestDevice } from './support/test-device.ts';

const CAMPAIGN_ID = 'c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493';

describe('golden exchanges', () => {
  const stage = setGoldenStage();
  const { offer, open, exchanges, expectExchanges } = stage;

  /** Through the first contact and a second check. */
  async function openKnown(): Promise<TestDevice> {
    const device = await open('A01-check-first-provisioning');
    await device.aktualizr.sendDeviceData();
    await device.aktualizr.checkUpdates();
    expectExchanges('A01-check-first-provisioning');
    await device.aktualizr.checkUpdates();
    expectExchanges('A02-check-no-update');
    return device;
  }

  it('A03 to A08: check, download, install and the next check make the same calls [5.4.2-1, 5.4.3-1]', async () => {
    const { aktualizr } = await openKnown();
    await offer('apps/app1-1.0.bin');
    await aktualizr.checkUpdates();
    expectExchanges('A03-check-update-available');
    await aktualizr.checkUpdates();
    expectExchanges('A04-check-update-available-again');
    await aktualizr.checkUpdates();
    await aktualizr.download();
    expectExchanges('A05-download');
    await aktualizr.checkUpdates();
    await aktualizr.download();
    expectSameEvents('A06-download-again');
    // The original asks the server first. Ours does not, so that `install` works with the network gone; this check stands
    // in for it.
    await aktualizr.checkUpdates();
    await aktualizr.install();
    expectExchanges('A07-install');
    await aktualizr.checkUpdates();
    expectExchanges('A08-check-after-install');
    await aktualizr.checkUpdates();
    expectExchanges('A09-check-after-report');
  });

  /** Without a transfer between them, both events of the download left the original in one request; ours in two. */
  function expectSameEvents(name: string): void {
    const { ours, theirs } = exchanges(name);
    const together = ours.join('\n').replace(']\nPOST /events\n[', ',');
    assert.equal(together, theirs.join('\n'));
  }

  it('A10: reads the campaigns that the original was offered', async () => {
    const { aktualizr } = await openKnown();
    stage.gateway.campaigns = JSON.parse(golden('A10-campaign_check')[0]?.response ?? '');
    assert.deepEqual(await aktualizr.campaignCheck(), [
      {
        id: CAMPAIGN_ID,
        name: 'campaign1',
        sizeBytes: 62470,
        autoAccept: true,
        description: 'this is my message to show on the device',
        estimatedInstallationSeconds: 10,
        estimatedPreparationSeconds: 20,
      },
    ]);
    expectExchanges('A10-campaign_check');
  });

  for (const decision of ['accept', 'decline', 'postpone'] as const) {
    it(`A11: sends the same event to ${decision} a campaign`, async () => {
      const { aktualizr } = await openKnown();
      stage.gateway.campaigns = JSON.parse(golden('A10-campaign_check')[0]?.response ?? '');
      await aktualizr.campaignControl(CAMPAIGN_ID, decision);
      const { ours, theirs } = exchanges(`A11-campaign_${decision}`);
      // The original takes any id; ours asks whether there is such a campaign.
      assert.deepEqual(ours, ['GET /campaigner/campaigns', ...theirs]);
    });
  }

  it('A13, A14: sends no report of a download or installation that nobody wanted, unlike the original', async () => {
    const { aktualizr } = await openKnown();
    await aktualizr.download();
    await aktualizr.install();
    await aktualizr.checkUpdates();
    const [manifest = '', ...rest] = exchanges('A14-download-without-update').ours;
    assert.doesNotMatch(manifest, /installation_report/);
    assert.deepEqual(rest, ['GET /director/2.root.json', 'GET /director/targets.json']);
  });

  for (const [name, keys] of [
    ['B01-once-full-update', 'RSA'],
    ['B03-once-ed25519', 'Ed25519'],
  ] as const) {
    it(`B: \`once\` makes a whole update with ${keys} keys by the same calls`, async () => {
      await offer('app1.bin');
      const device = await open(name);
      await once(device);
      expectExchanges(name);
      if (keys === 'Ed25519') return;
      await once(device);
      expectExchanges('B02-once-no-update');
    });
  }

  it('C01: the daemon polls, finds an update and goes on polling by the same calls', async () => {
    const { aktualizr } = await open('C01-full-daemon');
    const stop = new AbortController();
    let polls = 0;
    const sleep = async () => {
      polls += 1;
      if (polls === 4) await offer('app1.bin');
      if (polls === 8) stop.abort();
    };
    await runForever(aktualizr, {
      clock: { now: () => Date.now(), sleep },
      polling: () => ({ ...pollingSettings(defaultConfig()), manifestMaxAgeMs: 0 }),
      signal: stop.signal,
      onCycle: () => undefined,
      onError: (error) => assert.fail(String(error)),
      endWhenRebootNeeded: () => false,
    });
    expectExchanges('C01-full-daemon');
  });

  it('F05: an installation that needs a reboot is silent until then and reported after it', async () => {
    const name = 'F05a-need-reboot-install';
    await offer('app1.bin');
    await once(await open(name));
    expectExchanges(name);
    await once(await open(name));
    expectExchanges('F05b-need-reboot-still-pending');
    await once(await open(name, { bootId: 'boot-2' }));
    const { ours, theirs } = exchanges('F05c-need-reboot-finalize');
    // A thread of its own sent the original's event, after the manifest; ours is sent as soon as it is known. The silent
    // run has cost the original a manifest that it did not send, hence a higher counter.
    const counter = /"report_counter":"\d"/;
    const alike = (lines: readonly string[]) =>
      lines.map((line) => line.replace(counter, '"report_counter":"<n>"'));
    const [event = '', ...rest] = alike(ours);
    assert.deepEqual([...rest, event], alike(theirs));
  });

  for (const [name, what, { path, status }] of [
    ['E04-manifest-500', 'goes on without a manifest', { path: '/director/manifest', status: 500 }],
    ['E06-events-404', 'drops events that the server does not know', { path: '/events', status: 404 }],
    ['E07-events-413', 'drops single events that are too large', { path: '/events', status: 413 }],
  ] as const) {
    it(`${name.slice(0, 3)}: ${what}, by the same calls`, async () => {
      await offer('app2.bin');
      stage.gateway.answerOf = (request) =>
        request.path === path ? { status, headers: {}, body: new Uint8Array() } : undefined;
      const device = await open(name);
      await once(device);
      expectExchanges(name);
      assert.deepEqual(device.storage.reports.queued(10), []);
    });
  }
});
