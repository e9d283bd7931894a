// The verbs of the library beside the update itself: signals of their own, events with results, stored images, what is set at
// run time, and Secondaries as they are known.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { PRIMARY, SECONDARY, SecondarySimulator } from '@ota-connect/testkit';
import { SecondaryError, TransportError } from '../src/errors.ts';
import type { AktualizrEvent } from '../src/events.ts';
import { SecondaryList } from '../src/secondaries/secondary-list.ts';
import { setGoldenStage } from './support/golden-stage.ts';
import { manifestsOf, reportsOf } from './support/requests.ts';
import { CONTENT, setStage } from './support/stage.ts';

describe('signal of a verb', () => {
  const stage = setStage();

  it('ends that verb alone, while it runs, and the next one does its work', async () => {
    await stage.offer('big.bin', 'x'.repeat(3_000_000));
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    const stop = new AbortController();
    const end = aktualizr.on('DownloadProgressReport', () => stop.abort(new Error('enough')));
    const first = aktualizr.download({ signal: stop.signal });
    const second = aktualizr.sendManifest();
    await assert.rejects(first, /enough/);
    end();
    await second;
    assert.equal(storage.cycle.load().kind, 'UpdatesAvailable');
    assert.equal((await aktualizr.download()).kind, 'downloaded');
  });

  it('ends a verb that waits for its turn, at once, and leaves its place empty', async () => {
    const { aktualizr } = await stage.open();
    stage.gateway.faultOf = () => ({ kind: 'delay', ms: 300 });
    const order: string[] = [];
    const first = aktualizr.sendManifest().then(() => order.push('first'));
    const waiting = aktualizr.checkUpdates({ signal: AbortSignal.timeout(1) });
    const third = aktualizr.sendManifest().then(() => order.push('third'));
    await assert.rejects(waiting, { name: 'TimeoutError' });
    assert.deepEqual(order, []);
    await Promise.all([first, third]);
    assert.deepEqual(order, ['first', 'third']);
    assert.equal(manifestsOf(stage.gateway.requests).length, 2);
  });
});

describe('events', () => {
  const stage = setStage();

  it('carry the results of their verbs', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    const told: AktualizrEvent[] = [];
    aktualizr.subscribe((event) => told.push(event));
    const { check, download, install } = await aktualizr.uptaneCycle();
    const of = (kind: AktualizrEvent['kind']) => told.find((event) => event.kind === kind);
    assert.deepEqual(of('UpdateCheckComplete'), {
      kind: 'UpdateCheckComplete',
      targets: ['app.bin'],
      result: check,
    });
    assert.deepEqual(of('AllDownloadsComplete'), {
      kind: 'AllDownloadsComplete',
      success: true,
      result: download,
    });
    assert.deepEqual(of('AllInstallsComplete'), {
      kind: 'AllInstallsComplete',
      success: true,
      result: install,
    });
    assert.deepEqual(of('InstallTargetComplete'), {
      kind: 'InstallTargetComplete',
      ecu: PRIMARY.serial,
      success: true,
    });
  });

  it('carry the error of a verb that threw', async () => {
    const { aktualizr } = await stage.open();
    stage.gateway.faultOf = ({ path }) => (path.endsWith('root.json') ? { kind: 'drop' } : undefined);
    const told: AktualizrEvent[] = [];
    aktualizr.on('UpdateCheckComplete', (event) => told.push(event));
    await assert.rejects(aktualizr.checkUpdates(), TransportError);
    const [event] = told;
    assert.ok(event?.kind === 'UpdateCheckComplete' && event.result.kind === 'error');
    assert.ok(event.result.error instanceof TransportError);
  });

  it('come one after the other to `for await`, until its signal aborts', async () => {
    const { aktualizr } = await stage.open();
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { kind } of aktualizr.events({ signal: stop.signal })) seen.push(kind);
    })();
    await aktualizr.campaignCheck();
    await aktualizr.checkUpdates();
    await new Promise(setImmediate);
    stop.abort();
    await reading;
    assert.deepEqual(seen, ['CampaignCheckComplete', 'PutManifestComplete', 'UpdateCheckComplete']);
  });
});

describe('stored targets', () => {
  const stage = setStage();

  it('are listed, read from any byte on, and removed', async () => {
    await stage.offer();
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    await aktualizr.download();
    assert.deepEqual(aktualizr.storedTargets(), [{ name: 'app.bin', lengthBytes: CONTENT.length }]);
    assert.equal(await textOf(aktualizr.openStoredTarget('app.bin')), CONTENT);
    assert.equal(await textOf(aktualizr.openStoredTarget('app.bin', 4)), CONTENT.slice(4));
    assert.equal(aktualizr.openStoredTarget('other.bin'), undefined);
    assert.equal(aktualizr.deleteStoredTarget('app.bin'), true);
    assert.equal(aktualizr.deleteStoredTarget('app.bin'), false);
    assert.deepEqual(aktualizr.storedTargets(), []);
    assert.equal(storage.images.fileName('app.bin'), undefined);
    assert.equal((await aktualizr.install()).kind, 'image_not_usable');
  });
});

describe('what is set at run time', () => {
  const stage = setStage();

  it('replaces the raw report of a result that waits, and of no other', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    assert.equal(aktualizr.setInstallationRawReport('too early'), false);
    await aktualizr.checkUpdates();
    await aktualizr.download();
    await aktualizr.install();
    assert.equal(aktualizr.setInstallationRawReport('parked, engine off'), true);
    await aktualizr.sendManifest();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.raw_report, 'parked, engine off');
  });

  it('is sent as hardware information instead of what the system tells, until it is taken back', async () => {
    const { aktualizr } = await stage.open();
    const sent = () =>
      stage.gateway.requests
        .filter(({ path }) => path === '/system_info')
        .map(({ text }) => JSON.parse(text));
    await aktualizr.sendDeviceData();
    aktualizr.setCustomHardwareInfo({ board: 'mine' });
    await aktualizr.sendDeviceData();
    await aktualizr.sendDeviceData();
    const own = { id: 'device-1', class: 'system' };
    assert.deepEqual(sent(), [own, { board: 'mine' }]);
    aktualizr.setCustomHardwareInfo(undefined);
    await aktualizr.sendDeviceData();
    await aktualizr.sendDeviceData();
    assert.deepEqual(sent(), [own, { board: 'mine' }, own]);
  });
});

describe('provisioning by hand', () => {
  const stage = setGoldenStage();

  it('registers the device and asks for nothing else', async () => {
    const { aktualizr } = await stage.open('B01-once-full-update');
    await aktualizr.attemptProvision();
    await aktualizr.attemptProvision();
    assert.deepEqual(
      stage.gateway.requests.map(({ path }) => path),
      ['/director/ecus'],
    );
  });
});

describe('known Secondaries', () => {
  const stage = setStage();
  const create = (serial: string) =>
    SecondarySimulator.create({
      ecu: { serial: parseEcuSerial(serial), hardwareId: parseHardwareId('door-ctl') },
      factory: stage.gateway.simulator,
    });

  it('are listed with what their drivers keep, also those that are not plugged in any more', async () => {
    const door = await create('door-1');
    const first = await stage.open({ secondaries: [door] });
    first.aktualizr.setSecondaryData(door.identity.serial, '{"ip":"10.0.0.7","port":9030}');
    stage.close(first);
    const { aktualizr } = await stage.open();
    const [known, ...rest] = aktualizr.secondaries();
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [known?.serial, known?.hardwareId, known?.type, known?.data, known?.isPluggedIn],
      ['door-1', 'door-ctl', 'virtual', '{"ip":"10.0.0.7","port":9030}', false],
    );
    assert.deepEqual(known?.publicKey, door.identity.publicKey);
    assert.deepEqual(
      aktualizr.ecus().map(({ serial }) => serial),
      [PRIMARY.serial, 'door-1'],
    );
  });

  it('have serials of their own', async () => {
    const [one, other] = [await create('door-1'), await create('door-1')];
    const isDuplicate = (error: unknown) =>
      error instanceof SecondaryError && error.code === 'duplicate_serial';
    assert.throws(() => new SecondaryList([one, other]), isDuplicate);
    assert.throws(() => new SecondaryList([one], one.identity.serial), isDuplicate);
    const { aktualizr } = await stage.open({ secondaries: [one] });
    assert.deepEqual(
      aktualizr.secondaries().map(({ serial }) => serial),
      ['door-1'],
    );
  });

  it('are added before the client begins, not later', async () => {
    const { aktualizr } = await stage.open();
    const late = await create(SECONDARY.serial);
    assert.throws(
      () => aktualizr.addSecondary(late),
      (error: unknown) => error instanceof SecondaryError && error.code === 'too_late',
    );
  });
});

async function textOf(stream: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  assert.ok(stream !== undefined);
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
