import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flipBit, PRIMARY, SECONDARY } from '@ota-connect/testkit';
import { MetadataError } from '@ota-connect/uptane';
import { AbortedError } from '../src/command-queue.ts';
import { TransportError } from '../src/errors.ts';
import { runForever } from '../src/run-forever.ts';
import { eventNames, manifestsOf, reportsOf } from './support/requests.ts';
import {
  openTestDevice,
  temporaryFolder,
  type DeviceOptions,
  type TestDevice,
} from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const CONTENT = 'the new version';

describe('update cycle', () => {
  let gateway: TestGateway;
  let folder: ReturnType<typeof temporaryFolder>;
  const opened = new Set<TestDevice>();

  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    for (const device of opened) device.close();
    opened.clear();
    folder.remove();
    await gateway.close();
  });

  async function open(options: Partial<DeviceOptions> = {}): Promise<TestDevice> {
    const device = await openTestDevice({ folder: folder.path, gateway, ...options });
    opened.add(device);
    await device.aktualizr.initialize();
    return device;
  }

  function close(device: TestDevice): void {
    device.close();
    opened.delete(device);
  }

  async function offer(name = 'app.bin', content = CONTENT): Promise<string> {
    const target = gateway.simulator.offer(name, content);
    await gateway.simulator.publish();
    return (target.hashes.sha256 ?? '').toUpperCase();
  }

  it('checks, downloads, installs and reports in one cycle', async () => {
    const hash = await offer();
    const device = await open();
    const result = await device.aktualizr.uptaneCycle();
    assert.equal(result.install?.kind, 'installed');
    assert.equal(result.reported, true);
    assert.equal(readFileSync(join(device.imagesPath, hash), 'utf8'), CONTENT);
    assert.equal(device.storage.images.fileName('app.bin'), hash);
    assert.equal(device.aktualizr.installationLog()[0]?.name, 'app.bin');
    const [before, after] = manifestsOf(gateway.requests);
    assert.equal(before?.installation_report, undefined);
    assert.equal(after?.installation_report?.report.correlation_id, 'urn:here-ota:campaign:app.bin');
    assert.deepEqual(eventNames(gateway.requests), [
      'EcuDownloadStarted',
      'EcuDownloadCompleted true',
      'EcuInstallationStarted',
      'EcuInstallationCompleted true',
    ]);
  });

  it('uses one TLS connection for the whole cycle', async () => {
    await offer();
    const device = await open();
    await device.aktualizr.uptaneCycle();
    assert.equal(gateway.connections(), 1);
  });

  it('does nothing and stores no result, when there is no update', async () => {
    const { aktualizr, storage } = await open();
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
    assert.equal((await aktualizr.download()).kind, 'nothing_to_do');
    assert.equal((await aktualizr.install()).kind, 'nothing_to_do');
    assert.equal(storage.installations.results().device, undefined);
    await aktualizr.checkUpdates();
    assert.deepEqual(reportsOf(gateway.requests), []);
  });

  it('asks conditionally and answers the same, when nothing changed', async () => {
    await offer();
    const { aktualizr } = await open();
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    gateway.requests.length = 0;
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    const asked = gateway.requests.filter(
      ({ path }) => path.endsWith('targets.json') || path.endsWith('timestamp.json'),
    );
    assert.ok(asked.some(({ headers }) => headers['if-none-match'] !== undefined));
    assert.equal(
      asked.some(({ path }) => path === '/repo/targets.json'),
      false,
    );
  });

  it('asks again in full, when the last answer was refused', async () => {
    const { aktualizr, storage } = await open();
    await aktualizr.checkUpdates();
    const { director } = gateway.simulator;
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
      await offer();
      const first = await open();
      await first.aktualizr.checkUpdates();
      assert.equal((await first.aktualizr.download()).kind, 'downloaded');
      close(first);
      gateway.faultOf = () => ({ kind: 'drop' });
      const second = await open();
      assert.equal((await second.aktualizr.install()).kind, 'installed');
      assert.deepEqual(reportsOf(gateway.requests), []);
      close(second);
      gateway.faultOf = () => undefined;
      const third = await open();
      assert.equal((await third.aktualizr.checkUpdates()).kind, 'nothing_new');
      await third.aktualizr.flushReports();
      assert.equal(reportsOf(gateway.requests).length, 1);
      assert.ok(eventNames(gateway.requests).includes('EcuInstallationCompleted true'));
      await third.aktualizr.checkUpdates();
      assert.equal(reportsOf(gateway.requests).length, 1);
    });

    it('finds what an earlier client downloaded, without a state of ours', async () => {
      await offer();
      const { aktualizr, storage } = await open();
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
      it(`refuses an image that is ${reason}, and a download mends it`, async () => {
        const hash = await offer();
        const { aktualizr, imagesPath, storage } = await open();
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

    it('reports a failure once and leaves the version alone, until there is a new correlation ID', async () => {
      await offer();
      const wrap: DeviceOptions['wrap'] = {
        packageManager: (manager) => ({
          ...manager,
          install: async () => ({ success: false, code: 'INSTALL_FAILED', description: 'bad flash' }),
        }),
      };
      const { aktualizr } = await open({ wrap });
      const { install } = await aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'failed');
      assert.equal((await aktualizr.uptaneCycle()).check.kind, 'blocked');
      const [report, ...more] = reportsOf(gateway.requests);
      assert.deepEqual(more, []);
      assert.equal(report?.result.code, `${PRIMARY.hardwareId}:INSTALL_FAILED`);
      assert.equal(report?.items[0]?.result.code, 'INSTALL_FAILED');
      gateway.simulator.correlate('urn:here-ota:campaign:retry');
      await gateway.simulator.publish();
      assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    });
  });

  describe('reboot', () => {
    it('completes an installation after it, and not before', async () => {
      await offer();
      const first = await open({ needsReboot: true });
      const { install } = await first.aktualizr.uptaneCycle();
      assert.equal(install?.kind, 'needs_completion');
      close(first);
      gateway.requests.length = 0;
      const same = await open({ needsReboot: true });
      assert.equal((await same.aktualizr.uptaneCycle()).check.kind, 'pending');
      assert.deepEqual(gateway.requests, []);
      close(same);
      const rebooted = await open({ needsReboot: true, bootId: 'boot-2' });
      await rebooted.aktualizr.checkUpdates();
      const [report] = reportsOf(gateway.requests);
      assert.equal(report?.result.code, 'OK');
      assert.deepEqual(eventNames(gateway.requests), ['EcuInstallationCompleted true']);
      assert.equal(rebooted.storage.installations.current(PRIMARY.serial)?.name, 'app.bin');
    });
  });

  describe('refused metadata', () => {
    it('are reported with their code, once, and change nothing that is trusted', async () => {
      await offer();
      const { aktualizr, storage } = await open();
      await aktualizr.checkUpdates();
      const trusted = storage.metadata.director.load('targets');
      gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
      await gateway.simulator.publish();
      const refused = await aktualizr.checkUpdates();
      assert.equal(refused.kind, 'refused');
      assert.ok(refused.error instanceof MetadataError);
      assert.equal(refused.error.wireCode, 'ExpiredMetadata::Targets');
      await aktualizr.checkUpdates();
      const reports = reportsOf(gateway.requests);
      assert.equal(reports.length, 1);
      assert.equal(reports[0]?.result.code, 'VERIFICATION_FAILED');
      assert.match(reports[0]?.result.description ?? '', /^ExpiredMetadata::Targets/);
      assert.equal(reports[0]?.correlation_id, 'urn:here-ota:campaign:app.bin');
      assert.deepEqual(storage.metadata.director.load('targets'), trusted);
    });

    it('never cost a server that refuses reports without a correlation ID its manifests', async () => {
      const { aktualizr } = await open();
      await aktualizr.checkUpdates();
      gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
      await gateway.simulator.publish();
      gateway.answerOf = ({ path, body }) =>
        path === '/director/manifest' && Buffer.from(body).includes('"correlation_id":""')
          ? { status: 400, headers: {}, body: new Uint8Array() }
          : undefined;
      assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
      assert.equal(manifestsOf(gateway.requests).at(-1)?.installation_report, undefined);
    });

    it('do not hide an installation that the server has not heard of', async () => {
      await offer();
      const { aktualizr } = await open();
      await aktualizr.checkUpdates();
      await aktualizr.download();
      await aktualizr.install();
      gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
      await gateway.simulator.publish();
      gateway.answerOf = ({ path }) =>
        path === '/director/manifest' ? { status: 503, headers: {}, body: new Uint8Array() } : undefined;
      assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
      gateway.answerOf = () => undefined;
      gateway.requests.length = 0;
      await aktualizr.checkUpdates();
      assert.equal(reportsOf(gateway.requests)[0]?.result.code, 'OK');
    });
  });

  describe('download', () => {
    it('fails and is reported at once, when the image on the server is another', async () => {
      await offer();
      gateway.simulator.images.set('app.bin', Buffer.from('the old version'));
      const { aktualizr, imagesPath } = await open();
      const { download, install } = await aktualizr.uptaneCycle();
      assert.equal(download?.kind, 'failed');
      assert.equal(install, undefined);
      const [report] = reportsOf(gateway.requests);
      assert.equal(report?.result.code, 'DOWNLOAD_FAILED');
      assert.match(report?.result.description ?? '', /TargetHashMismatch/);
      assert.deepEqual(eventNames(gateway.requests), ['EcuDownloadStarted', 'EcuDownloadCompleted false']);
      assert.equal(gateway.requests.filter(({ path }) => path.includes('/targets/')).length, 3);
      assert.equal(existsSync(join(imagesPath, 'app.bin')), false);
    });

    it('goes on in the next cycle, when the network was the fault, and gives up after three', async () => {
      await offer();
      gateway.faultOf = ({ path }) => (path.includes('/repo/targets/') ? { kind: 'drop' } : undefined);
      const { aktualizr } = await open();
      for (const reported of [false, false, true]) {
        const { download } = await aktualizr.uptaneCycle();
        assert.equal(download?.kind, 'failed');
        assert.equal(download.kind === 'failed' && download.reported, reported);
      }
      assert.equal(reportsOf(gateway.requests).length, 1);
      assert.equal((await aktualizr.uptaneCycle()).check.kind, 'blocked');
    });

    it('resumes after a pause with what has arrived', async () => {
      await offer('big.bin', 'x'.repeat(3_000_000));
      const { aktualizr } = await open();
      await aktualizr.checkUpdates();
      let isPaused = false;
      aktualizr.subscribe((event) => {
        if (event.kind !== 'DownloadProgressReport' || isPaused) return;
        isPaused = aktualizr.pause() === 'paused';
        setImmediate(() => aktualizr.resume());
      });
      assert.equal((await aktualizr.download()).kind, 'downloaded');
      const ranges = gateway.requests
        .filter(({ path }) => path.includes('/targets/'))
        .map(({ headers }) => headers.range);
      assert.equal(ranges.length, 2);
      assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
      await aktualizr.flushReports();
      assert.ok(eventNames(gateway.requests).includes('DeviceResumed'));
    });

    it('ends with an abort, and what has arrived is kept', async () => {
      const hash = await offer('big.bin', 'x'.repeat(3_000_000));
      const { aktualizr, imagesPath, storage } = await open();
      await aktualizr.checkUpdates();
      const end = aktualizr.subscribe(
        (event) => event.kind === 'DownloadProgressReport' && aktualizr.abort(),
      );
      await assert.rejects(aktualizr.download(), AbortedError);
      end();
      assert.equal(storage.cycle.load().kind, 'UpdatesAvailable');
      assert.ok(existsSync(join(imagesPath, hash)));
      assert.equal((await aktualizr.download()).kind, 'downloaded');
    });
  });

  it('throws what a person can read and stays idle, when the server is out of reach', async () => {
    const { aktualizr, storage } = await open();
    gateway.faultOf = () => ({ kind: 'drop' });
    await assert.rejects(
      aktualizr.checkUpdates(),
      (error: unknown) =>
        error instanceof TransportError &&
        error.code === 'unreachable' &&
        /cannot be reached/.test(error.message),
    );
    assert.equal(storage.cycle.load().kind, 'Idle');
  });

  it('goes on with the check, when the Director does not take the manifest, and keeps the report', async () => {
    await offer();
    gateway.answerOf = ({ path }) =>
      path === '/director/manifest' ? { status: 500, headers: {}, body: new Uint8Array() } : undefined;
    const { aktualizr } = await open();
    const result = await aktualizr.uptaneCycle();
    assert.equal(result.install?.kind, 'installed');
    assert.equal(result.reported, false);
    gateway.answerOf = () => undefined;
    gateway.requests.length = 0;
    await aktualizr.checkUpdates();
    assert.equal(reportsOf(gateway.requests).length, 1);
  });

  it('takes no update for an ECU that this device does not have', async () => {
    gateway.simulator.offer('other.bin', CONTENT, [SECONDARY]);
    await gateway.simulator.publish();
    const { aktualizr } = await open();
    const result = await aktualizr.checkUpdates();
    assert.equal(result.kind === 'refused' && result.error.code, 'BadEcuId');
  });
});

describe('daemon loop', () => {
  it('goes on after a cycle that failed, and ends when asked', async () => {
    const gateway = await openTestGateway();
    const folder = temporaryFolder();
    const device = await openTestDevice({ folder: folder.path, gateway });
    const stop = new AbortController();
    const seen: string[] = [];
    let pauses = 0;
    gateway.faultOf = () => (pauses === 0 ? { kind: 'drop' } : undefined);
    const clock = {
      now: () => Date.now(),
      sleep: async (_ms: number, signal: AbortSignal) => {
        pauses += 1;
        if (pauses === 3) stop.abort();
        signal.throwIfAborted();
      },
    };
    const ended = await runForever(device.aktualizr, {
      clock,
      pollingMs: 1000,
      signal: stop.signal,
      endWhenRebootNeeded: false,
      onCycle: ({ check }) => void seen.push(check.kind),
      onError: (error) => {
        seen.push(error instanceof TransportError ? error.code : String(error));
        return true;
      },
    });
    assert.equal(ended, 'stopped');
    assert.deepEqual(seen, ['unreachable', 'nothing_new', 'nothing_new']);
    assert.equal(gateway.requests.filter(({ path }) => path === '/system_info').length, 1);
    device.close();
    folder.remove();
    await gateway.close();
  });
});
