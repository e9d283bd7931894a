import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flipBit, PRIMARY, SECONDARY } from '@ota-connect/testkit';
import { TransportError } from '../src/errors.ts';
import { eventNames, manifestsOf, reportsOf } from './support/requests.ts';
import { CONTENT, setStage } from './support/stage.ts';
import type { DeviceOptions } from './support/test-device.ts';

describe('update cycle', () => {
  const stage = setStage();

  it('checks, downloads, installs and reports in one cycle [5.4-1, 5.4.2.1-1, 5.4.3.5-1, 5.4.3.6-1]', async () => {
    const hash = await stage.offer();
    const device = await stage.open();
    const result = await device.aktualizr.uptaneCycle();
    assert.equal(result.install?.kind, 'installed');
    assert.equal(result.reported, true);
    assert.equal(readFileSync(join(device.imagesPath, hash), 'utf8'), CONTENT);
    assert.equal(device.storage.images.fileName('app.bin'), hash);
    assert.equal(device.aktualizr.installationLog()[0]?.name, 'app.bin');
    const [before, after] = manifestsOf(stage.gateway.requests);
    assert.equal(before?.installation_report, undefined);
    assert.equal(after?.installation_report?.report.correlation_id, 'urn:here-ota:campaign:app.bin');
    assert.deepEqual(eventNames(stage.gateway.requests), [
      'EcuDownloadStarted',
      'EcuDownloadCompleted true',
      'EcuInstallationStarted',
      'EcuInstallationCompleted true',
    ]);
  });

  it('uses one TLS connection for the whole cycle', async () => {
    await stage.offer();
    const device = await stage.open();
    await device.aktualizr.uptaneCycle();
    assert.equal(stage.gateway.connections(), 1);
  });

  it('does nothing and stores no result, when there is no update', async () => {
    const { aktualizr, storage } = await stage.open();
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
    assert.equal((await aktualizr.download()).kind, 'nothing_to_do');
    assert.equal((await aktualizr.install()).kind, 'nothing_to_do');
    assert.equal(storage.installations.results().device, undefined);
    await aktualizr.checkUpdates();
    assert.deepEqual(reportsOf(stage.gateway.requests), []);
  });

  it('asks conditionally and answers the same, when nothing changed', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    stage.gateway.requests.length = 0;
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    const asked = stage.gateway.requests.filter(
      ({ path }) => path.endsWith('targets.json') || path.endsWith('timestamp.json'),
    );
    assert.ok(asked.some(({ headers }) => headers['if-none-match'] !== undefined));
    assert.equal(
      asked.some(({ path }) => path === '/repo/targets.json'),
      false,
    );
  });

  it('asks again in full, when the last answer was refused', async () => {
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    const { director } = stage.gateway.simulator;
    const good = director.files.get('targets.json') ?? new Uint8Array();
    director.overrides.set('targets.json', flipBit(good, good.length - 20));
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    director.overrides.clear();
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
    assert.ok(storage.metadata.director.load('targets'));
  });

  describe('install', () => {
    it('works after a download with the network gone, and the next check reports', async () => {
      await stage.offer();
      const first = await stage.open();
      await first.aktualizr.checkUpdates();
      assert.equal((await first.aktualizr.download()).kind, 'downloaded');
      stage.close(first);
      stage.gateway.faultOf = () => ({ kind: 'drop' });
      const second = await stage.open();
      assert.equal((await second.aktualizr.install()).kind, 'installed');
      assert.deepEqual(reportsOf(stage.gateway.requests), []);
      stage.close(second);
      stage.gateway.faultOf = () => undefined;
      const third = await stage.open();
      assert.equal((await third.aktualizr.checkUpdates()).kind, 'nothing_new');
      await third.aktualizr.flushReports();
      assert.equal(reportsOf(stage.gateway.requests).length, 1);
      assert.ok(eventNames(stage.gateway.requests).includes('EcuInstallationCompleted true'));
      await third.aktualizr.checkUpdates();
      assert.equal(reportsOf(stage.gateway.requests).length, 1);
    });

    it('has nothing to do on a device that never checked', async () => {
      const { aktualizr } = await stage.open();
      assert.deepEqual(await aktualizr.install(), { kind: 'nothing_to_do' });
    });

    it('finds what an earlier client downloaded, without a state of ours', async () => {
      await stage.offer();
      const { aktualizr, storage } = await stage.open();
      await aktualizr.checkUpdates();
      await aktualizr.download();
      storage.cycle.save({ kind: 'Idle' });
      assert.equal((await aktualizr.install()).kind, 'installed');
    });

    for (const [reason, spoil] of [
      ['missing', (file: string) => rmSync(file)],
      ['incomplete', (file: string) => writeFileSync(file, CONTENT.slice(1))],
      ['tampered', (file: string) => writeFileSync(file, CONTENT.replace('new', 'old'))],
    ] as const) {
      it(`refuses an image that is ${reason}, and a download mends it [5.4-1, 5.4.3.4-7]`, async () => {
        const hash = await stage.offer();
        const { aktualizr, imagesPath, storage } = await stage.open();
        await aktualizr.checkUpdates();
        await aktualizr.download();
        spoil(join(imagesPath, hash));
        const refused = await aktualizr.install();
        assert.deepEqual(refused, { kind: 'image_not_usable', target: 'app.bin', reason });
        assert.equal(storage.installations.current(PRIMARY.serial), undefined);
        const mended = await aktualizr.download();
        assert.equal(mended.kind, 'downloaded');
        assert.equal((await aktualizr.install()).kind, 'installed');
      });
    }

    it('reports a failure once and leaves the version alone, until there is a new correlation ID [5.4.3.4-9, 5.4.4-1]', async () => {
      await stage.offer();
      const wrap: DeviceOptions['wrap'] = {
        packageManager: (manager) => ({
          ...manager,
          install: async () => ({ success: false, code: 'INSTALL_FAILED', description: 'bad flash' }),
        }),
      };
      const { aktualizr } = await stage.open({ wrap });
      const { install } = await aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'failed');
      assert.equal((await aktualizr.uptaneCycle()).check.kind, 'blocked');
      const [report, ...more] = reportsOf(stage.gateway.requests);
      assert.deepEqual(more, []);
      assert.equal(report?.result.code, `${PRIMARY.hardwareId}:INSTALL_FAILED`);
      assert.equal(report?.items[0]?.result.code, 'INSTALL_FAILED');
      stage.gateway.simulator.correlate('urn:here-ota:campaign:retry');
      await stage.gateway.simulator.publish();
      assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    });
  });

  describe('reboot', () => {
    it('completes an installation after it, and not before', async () => {
      await stage.offer();
      const first = await stage.open({ needsReboot: true });
      const { install } = await first.aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'needs_completion');
      stage.close(first);
      stage.gateway.requests.length = 0;
      const same = await stage.open({ needsReboot: true });
      assert.equal((await same.aktualizr.uptaneCycle()).check.kind, 'pending');
      assert.deepEqual(stage.gateway.requests, []);
      stage.close(same);
      const rebooted = await stage.open({ needsReboot: true, bootId: 'boot-2' });
      await rebooted.aktualizr.checkUpdates();
      const [report] = reportsOf(stage.gateway.requests);
      assert.equal(report?.result.code, 'OK');
      assert.deepEqual(eventNames(stage.gateway.requests), ['EcuInstallationCompleted true']);
      assert.equal(rebooted.storage.installations.current(PRIMARY.serial)?.name, 'app.bin');
    });
  });

  it('throws what a person can read and stays idle, when the server is out of reach', async () => {
    const { aktualizr, storage } = await stage.open();
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    await assert.rejects(
      aktualizr.checkUpdates(),
      (error: unknown) =>
        error instanceof TransportError &&
        error.code === 'unreachable' &&
        /cannot be reached/.test(error.message),
    );
    assert.equal(storage.cycle.load().kind, 'Idle');
  });

  it('names the server, when metadata cannot be fetched', async () => {
    const { aktualizr, storage } = await stage.open();
    stage.gateway.faultOf = ({ path }) => (path.endsWith('.root.json') ? { kind: 'drop' } : undefined);
    await assert.rejects(
      aktualizr.checkUpdates(),
      (error: unknown) => error instanceof TransportError && error.code === 'unreachable',
    );
    assert.equal(storage.installations.results().device, undefined);
  });

  it('goes on with the check, when the Director does not take the manifest, and keeps the report', async () => {
    await stage.offer();
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/manifest' ? { status: 500, headers: {}, body: new Uint8Array() } : undefined;
    const { aktualizr } = await stage.open();
    const result = await aktualizr.uptaneCycle();
    assert.equal(result.install?.kind, 'installed');
    assert.equal(result.reported, false);
    stage.gateway.answerOf = () => undefined;
    stage.gateway.requests.length = 0;
    await aktualizr.checkUpdates();
    assert.equal(reportsOf(stage.gateway.requests).length, 1);
  });

  it('keeps the report of an update, when the next one comes before the server took it', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    await aktualizr.download();
    await aktualizr.install();
    await stage.offer('next.bin', 'an even newer version');
    stage.gateway.simulator.director.targets.delete('app.bin');
    await stage.gateway.simulator.publish();
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/manifest' ? { status: 503, headers: {}, body: new Uint8Array() } : undefined;
    assert.equal((await aktualizr.uptaneCycle()).check.kind, 'nothing_new');
    stage.gateway.answerOf = () => undefined;
    stage.gateway.requests.length = 0;
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(
      reportsOf(stage.gateway.requests).map(({ correlation_id: id }) => id),
      ['urn:here-ota:campaign:app.bin', 'urn:here-ota:campaign:next.bin'],
    );
  });

  it('takes no update for an ECU that this device does not have [check_targets/8]', async () => {
    stage.gateway.simulator.offer('other.bin', CONTENT, [SECONDARY]);
    await stage.gateway.simulator.publish();
    const { aktualizr } = await stage.open();
    const result = await aktualizr.checkUpdates();
    assert.equal(result.kind === 'refused' && result.error.code, 'BadEcuId');
  });
});
