import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AbortedError } from '../src/command-queue.ts';
import { InstallError, TransportError } from '../src/errors.ts';
import type { PackageManager } from '../src/ports.ts';
import { runForever } from '../src/run-forever.ts';
import { pollingSettings } from '../src/polling/polling-settings.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { eventNames, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import { openTestDevice, temporaryFolder } from './support/test-device.ts';
import { openTestGateway } from './support/test-gateway.ts';

describe('download with faults', () => {
  const stage = setStage();

  it('fails and is reported at once, when the image on the server is another [5.4.2.4-1, 5.4.3.4-6, 5.4.3.4-9]', async () => {
    await stage.offer();
    stage.gateway.simulator.images.set('app.bin', Buffer.from('the old version'));
    const { aktualizr, imagesPath } = await stage.open();
    const { download, install } = await aktualizr.uptaneCycle();
    assert.equal(download?.kind, 'failed');
    assert.equal(install, undefined);
    const [report] = reportsOf(stage.gateway.requests);
    assert.equal(report?.result.code, 'DOWNLOAD_FAILED');
    assert.match(report?.result.description ?? '', /TargetHashMismatch/);
    assert.deepEqual(eventNames(stage.gateway.requests), [
      'EcuDownloadStarted',
      'EcuDownloadCompleted false',
    ]);
    assert.equal(stage.gateway.requests.filter(({ path }) => path.includes('/targets/')).length, 3);
    assert.equal(existsSync(join(imagesPath, 'app.bin')), false);
  });

  it('goes on in the next cycle, when the network was the fault, and gives up after ten', async () => {
    await stage.offer();
    stage.gateway.faultOf = ({ path }) => (path.includes('/repo/targets/') ? { kind: 'drop' } : undefined);
    const { aktualizr } = await stage.open();
    for (const reported of [...Array<boolean>(9).fill(false), true]) {
      const { download } = await aktualizr.uptaneCycle();
      assert.equal(download?.kind, 'failed');
      assert.equal(download.kind === 'failed' && download.reported, reported);
    }
    assert.equal(reportsOf(stage.gateway.requests).length, 1);
    assert.equal((await aktualizr.uptaneCycle()).check.kind, 'blocked');
  });

  it('tells the server with numbers why it gave up, when the disk stayed full', async () => {
    await stage.offer();
    const details = { lengthBytes: 15, neededBytes: 1_048_591, freeBytes: 4096 };
    const full = new InstallError('no_space', '/images has 4096 bytes free; 1048591 are needed.', {
      details,
    });
    const fetch = () => Promise.reject(full);
    const wrap = { packageManager: (manager: PackageManager) => ({ ...manager, fetch }) };
    const { aktualizr } = await stage.open({ wrap });
    for (let cycle = 0; cycle < 10; cycle += 1) await aktualizr.uptaneCycle();
    const [report, ...more] = reportsOf(stage.gateway.requests);
    assert.deepEqual(more, []);
    assert.equal(report?.result.code, 'DOWNLOAD_FAILED');
    assert.match(report?.result.description ?? '', /4096 bytes free; 1048591 are needed/);
  });

  it('leaves a busy server alone for as long as that asked for', async () => {
    await stage.offer();
    let asked = 0;
    stage.gateway.answerOf = ({ path }) => {
      if (!path.includes('/targets/')) return undefined;
      asked += 1;
      return { status: 503, headers: { 'retry-after': '120' }, body: new Uint8Array() };
    };
    const { aktualizr } = await stage.open();
    const { download } = await aktualizr.uptaneCycle();
    assert.ok(download?.kind === 'failed' && !download.reported);
    assert.equal(download.error.details.retryAfterSeconds, 120);
    assert.equal(asked, 1);
  });

  it('resumes after a pause with what has arrived', async () => {
    await stage.offer('big.bin', 'x'.repeat(3_000_000));
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    let isPaused = false;
    aktualizr.subscribe((event) => {
      if (event.kind !== 'DownloadProgressReport' || isPaused) return;
      isPaused = aktualizr.pause() === 'paused';
      setImmediate(() => aktualizr.resume());
    });
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    const ranges = stage.gateway.requests
      .filter(({ path }) => path.includes('/targets/'))
      .map(({ headers }) => headers.range);
    assert.equal(ranges.length, 2);
    assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
    await aktualizr.flushReports();
    assert.ok(eventNames(stage.gateway.requests).includes('DeviceResumed'));
  });

  it('ends with an abort, and what has arrived is kept', async () => {
    const hash = await stage.offer('big.bin', 'x'.repeat(3_000_000));
    const { aktualizr, imagesPath, storage } = await stage.open();
    await aktualizr.checkUpdates();
    const end = aktualizr.subscribe((event) => event.kind === 'DownloadProgressReport' && aktualizr.abort());
    await assert.rejects(aktualizr.download(), AbortedError);
    end();
    assert.equal(storage.cycle.load().kind, 'UpdatesAvailable');
    assert.ok(existsSync(join(imagesPath, hash)));
    assert.equal((await aktualizr.download()).kind, 'downloaded');
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
      polling: () => ({ ...pollingSettings(defaultConfig()), manifestMaxAgeMs: 0 }),
      signal: stop.signal,
      endWhenRebootNeeded: () => false,
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
