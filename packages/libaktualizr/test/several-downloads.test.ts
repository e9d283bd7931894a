import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { PRIMARY, SecondarySimulator } from '@ota-connect/testkit';
import { AbortedError } from '../src/command-queue.ts';
import { eventsOf, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const MOTOR = { serial: parseEcuSerial('sec-7'), hardwareId: parseHardwareId('motor-ctl') };
const DOOR = { serial: parseEcuSerial('sec-8'), hardwareId: parseHardwareId('door-ctl') };
const IMAGES = { 'app.bin': PRIMARY, 'motor.bin': MOTOR, 'door.bin': DOOR };

describe('download of several images', () => {
  const stage = setStage();

  const open = async (parallelDownloads: number) => {
    const { simulator } = stage.gateway;
    const now = () => Math.floor(Date.now() / 1000) as typeof simulator.now;
    const secondaries = await Promise.all(
      [MOTOR, DOOR].map((ecu) => SecondarySimulator.create({ ecu, factory: simulator, now })),
    );
    return stage.open({ secondaries, parallelDownloads, http: { parallelTransfers: parallelDownloads } });
  };
  /** Answers the name of each file on the device. */
  const offer = async (text = 'x'.repeat(300_000)) => {
    const { simulator } = stage.gateway;
    const files = Object.entries(IMAGES).map(([name, ecu]) => {
      const target = simulator.offer(name, name + text, [ecu]);
      return [name, (target.hashes.sha256 ?? '').toUpperCase()] as const;
    });
    simulator.correlate('urn:here-ota:campaign:1');
    await simulator.publish();
    return new Map(files);
  };
  const isImage = (path: string) => path.includes('/targets/');

  it('fetches as many at a time as it may, and tells of each ECU', async () => {
    await offer();
    const { aktualizr } = await open(2);
    let running = 0;
    let most = 0;
    stage.gateway.faultOf = ({ path }) => {
      if (!isImage(path)) return undefined;
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => (running -= 1), 40);
      return { kind: 'delay', ms: 40 };
    };
    await aktualizr.checkUpdates();
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    await aktualizr.flushReports();
    assert.equal(most, 2);
    const told = eventsOf(stage.gateway.requests).map(({ eventType: { id }, event: { ecu, success } }) =>
      JSON.stringify([id, ecu, success]),
    );
    const expected = [PRIMARY, MOTOR, DOOR].flatMap(({ serial }) => [
      JSON.stringify(['EcuDownloadStarted', serial, undefined]),
      JSON.stringify(['EcuDownloadCompleted', serial, true]),
    ]);
    assert.deepEqual(told.toSorted(), expected.toSorted());
    assert.equal(new Set(eventsOf(stage.gateway.requests).map(({ id }) => id)).size, told.length);
  });

  it('keeps what the others fetched, when one fails, and reports the one', async () => {
    const files = await offer();
    stage.gateway.simulator.images.set('motor.bin', Buffer.alloc(300_009, 'y'));
    const { aktualizr, imagesPath } = await open(3);
    const { download, install } = await aktualizr.uptaneCycle();
    assert.equal(download?.kind, 'failed');
    assert.equal(install, undefined);
    for (const [name, file] of files) {
      assert.equal(existsSync(join(imagesPath, file)), name !== 'motor.bin', name);
    }
    const [report] = reportsOf(stage.gateway.requests);
    assert.equal(report?.result.code, 'DOWNLOAD_FAILED');
    assert.match(report?.result.description ?? '', /^Target download failed\. TargetHashMismatch: /);
    const completed = eventsOf(stage.gateway.requests)
      .filter(({ eventType }) => eventType.id === 'EcuDownloadCompleted')
      .map(({ event }) => [event.ecu, event.success] as const);
    assert.deepEqual(
      new Map(completed),
      new Map([
        [PRIMARY.serial, true],
        [MOTOR.serial, false],
        [DOOR.serial, true],
      ]),
    );
  });

  it('goes on with the one alone that the network kept back', async () => {
    await offer();
    stage.gateway.faultOf = ({ path }) => (path.includes('motor.bin') ? { kind: 'drop' } : undefined);
    const { aktualizr } = await open(2);
    await aktualizr.checkUpdates();
    const first = await aktualizr.download();
    assert.equal(first.kind === 'failed' && first.reported, false);
    stage.gateway.faultOf = () => undefined;
    stage.gateway.requests.length = 0;
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    const asked = stage.gateway.requests.filter(({ path }) => isImage(path)).map(({ path }) => path);
    assert.deepEqual(asked, ['/repo/targets/motor.bin']);
  });

  it('ends all with an abort', async () => {
    await offer();
    const { aktualizr, storage } = await open(3);
    await aktualizr.checkUpdates();
    const end = aktualizr.subscribe((event) => event.kind === 'DownloadProgressReport' && aktualizr.abort());
    await assert.rejects(aktualizr.download(), AbortedError);
    end();
    assert.equal(storage.cycle.load().kind, 'UpdatesAvailable');
    assert.equal((await aktualizr.download()).kind, 'downloaded');
  });

  it('tells how many bytes of each have come', async () => {
    await offer();
    const { aktualizr } = await open(2);
    await aktualizr.checkUpdates();
    const last = new Map<string, readonly unknown[]>();
    aktualizr.subscribe((event) => {
      if (event.kind !== 'DownloadProgressReport') return;
      last.set(event.target, [event.percent, event.receivedBytes, event.totalBytes]);
    });
    await aktualizr.download();
    for (const name of Object.keys(IMAGES)) {
      const bytes = 300_000 + name.length;
      assert.deepEqual(last.get(name), [100, bytes, bytes]);
    }
  });

  it('fetches once what two ECUs have under two names', async () => {
    const { simulator } = stage.gateway;
    for (const [name, ecu] of [
      ['a.bin', MOTOR],
      ['b.bin', DOOR],
    ] as const)
      simulator.offer(name, 'the same bytes', [ecu]);
    simulator.correlate('urn:here-ota:campaign:1');
    await simulator.publish();
    const { aktualizr } = await open(2);
    await aktualizr.checkUpdates();
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    assert.equal(stage.gateway.requests.filter(({ path }) => isImage(path)).length, 1);
  });
});
