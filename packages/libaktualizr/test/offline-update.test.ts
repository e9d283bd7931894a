// Updates from removable media, on a device with its real storage and files: inserted, copied, installed and reported with
// the next manifest; and what happens when the medium changes, is pulled out, or lies. client-protocol 12
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SimulatedLockboxes } from '@ota-connect/testkit';
import { addSeconds, hashBytes } from '@ota-connect/uptane';
import type { TestDevice } from './support/test-device.ts';
import { reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import { temporaryFolder } from './support/test-device.ts';

const CONTENT = new TextEncoder().encode('from a stick '.repeat(5000));

describe('offline update', () => {
  const stage = setStage();
  let stick: ReturnType<typeof temporaryFolder>;
  let lockboxes: SimulatedLockboxes;
  beforeEach(async () => {
    stick = temporaryFolder();
    lockboxes = await stage.gateway.simulator.signLockboxes();
  });
  afterEach(() => stick.remove());

  /** A device that was online once. */
  async function opened(): Promise<TestDevice> {
    const device = await stage.open({ takesMedia: true });
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'nothing_new');
    return device;
  }

  async function fill(name = 'spring', image = `${name}.bin`, content = CONTENT): Promise<void> {
    const { simulator } = stage.gateway;
    const target = simulator.addImage({ name: image, content, hardwareIds: ['primary-hw'] });
    await simulator.image.publish();
    lockboxes.put(name, [target]);
    (await lockboxes.fill()).writeTo(stick.path);
  }

  const installed = (device: TestDevice) => device.aktualizr.status().installed?.name;
  const kinds = async (device: TestDevice, lockbox?: string) => {
    const options = lockbox === undefined ? {} : { lockbox };
    const { check, download, install } = await device.aktualizr.uptaneCycleOffline(stick.path, options);
    return [check.kind, download?.kind, install?.kind];
  };

  it('installs with no network at all, and the next manifest brings the result', async () => {
    const device = await opened();
    await fill();
    const before = stage.gateway.requests.length;
    assert.deepEqual(await kinds(device), ['updates', 'downloaded', 'installed']);
    assert.equal(stage.gateway.requests.length, before);
    assert.equal(installed(device), 'spring.bin');
    await device.aktualizr.uptaneCycle();
    const [report] = reportsOf(stage.gateway.requests);
    assert.match(String(report?.correlation_id), /^urn:tdx-ota:lockbox:spring:1:[0-9a-f]{12}$/);
    assert.equal(reportsOf(stage.gateway.requests).length, 1);
  });

  it('goes by single verbs: checkUpdatesOffline, download, install', async () => {
    const device = await opened();
    await fill();
    assert.equal((await device.aktualizr.checkUpdatesOffline(stick.path)).kind, 'updates');
    assert.equal((await device.aktualizr.download()).kind, 'downloaded');
    assert.equal((await device.aktualizr.install()).kind, 'installed');
  });

  it('installs nothing twice, and a lockbox that was applied comes back only by its name', async () => {
    const device = await opened();
    await fill();
    await kinds(device);
    assert.deepEqual(await kinds(device), ['nothing_new', undefined, undefined]);
    await fill('summer', 'summer.bin', new TextEncoder().encode('summer'));
    assert.deepEqual(await kinds(device), ['updates', 'downloaded', 'installed']);
    assert.equal(installed(device), 'summer.bin');
    assert.deepEqual(await kinds(device), ['nothing_new', undefined, undefined]);
    assert.deepEqual(await kinds(device, 'spring'), ['updates', 'downloaded', 'installed']);
    assert.equal(installed(device), 'spring.bin');
    assert.deepEqual(await kinds(device, 'nobody'), ['no_lockbox', undefined, undefined]);
  });

  it('takes the lockbox that expires last, when several fit', async () => {
    const device = await opened();
    await fill('b-older');
    await fill('a-newer', 'newer.bin', new TextEncoder().encode('newer'));
    const newer = lockboxes.lockboxes.get('a-newer');
    assert.ok(newer !== undefined);
    newer.expires = addSeconds(newer.expires, -86_400);
    (await lockboxes.fill()).writeTo(stick.path);
    assert.deepEqual(await kinds(device), ['updates', 'downloaded', 'installed']);
    assert.equal(installed(device), 'b-older.bin');
  });

  it('finds no lockbox in an empty folder, nor where there is none', async () => {
    const device = await opened();
    assert.deepEqual(await kinds(device), ['no_lockbox', undefined, undefined]);
    rmSync(stick.path, { recursive: true });
    assert.deepEqual(await kinds(device), ['no_lockbox', undefined, undefined]);
  });

  it('goes on where the copy ended, when the medium was pulled out', async () => {
    const device = await opened();
    await fill();
    const image = join(stick.path, 'images/spring.bin');
    writeFileSync(image, CONTENT.subarray(0, 1000));
    rmSync(image);
    assert.deepEqual(await kinds(device), ['updates', 'failed', undefined]);
    assert.equal(device.aktualizr.status().state.kind, 'UpdatesAvailable');
    writeFileSync(image, CONTENT);
    assert.deepEqual(await kinds(device), ['updates', 'downloaded', 'installed']);
  });

  it('installs what was verified, whatever becomes of the medium after the check', async () => {
    const device = await opened();
    await fill();
    await device.aktualizr.checkUpdatesOffline(stick.path);
    rmSync(join(stick.path, 'metadata'), { recursive: true });
    assert.equal((await device.aktualizr.download()).kind, 'downloaded');
    writeFileSync(join(stick.path, 'images/spring.bin'), 'another image');
    assert.equal((await device.aktualizr.install()).kind, 'installed');
    const { sha256 } = hashBytes(CONTENT);
    assert.deepEqual(readFileSync(join(device.imagesPath, sha256.toUpperCase())), Buffer.from(CONTENT));
  });

  for (const [what, content] of [
    ['other bytes of the same length', CONTENT.map((byte) => byte ^ 1)],
    ['too few bytes', CONTENT.subarray(1)],
    ['too many bytes', new Uint8Array(CONTENT.length + 1)],
  ] as const) {
    it(`refuses an image with ${what}, and reports it`, async () => {
      const device = await opened();
      await fill();
      writeFileSync(join(stick.path, 'images/spring.bin'), content);
      assert.deepEqual(await kinds(device), ['updates', 'failed', undefined]);
      assert.equal(device.storage.installations.results().device?.code, 'DOWNLOAD_FAILED');
      assert.equal(installed(device), undefined);
    });
  }

  it('follows no symbolic link off the medium, for metadata or images', async () => {
    const device = await opened();
    await fill();
    const elsewhere = temporaryFolder();
    writeFileSync(join(elsewhere.path, 'spring.bin'), CONTENT);
    rmSync(join(stick.path, 'images'), { recursive: true });
    symlinkSync(elsewhere.path, join(stick.path, 'images'));
    assert.deepEqual(await kinds(device), ['updates', 'failed', undefined]);
    rmSync(join(stick.path, 'images'));
    mkdirSync(join(stick.path, 'images'));
    symlinkSync(join(elsewhere.path, 'spring.bin'), join(stick.path, 'images/spring.bin'));
    assert.deepEqual(await kinds(device), ['updates', 'failed', undefined]);
    const director = join(stick.path, 'metadata/director');
    writeFileSync(join(elsewhere.path, 'spring.json'), readFileSync(join(director, 'spring.json')));
    rmSync(join(director, 'spring.json'));
    symlinkSync(join(elsewhere.path, 'spring.json'), join(director, 'spring.json'));
    assert.deepEqual(await kinds(device), ['no_lockbox', undefined, undefined]);
    elsewhere.remove();
  });

  it('keeps the update that was known before, when the medium has nothing; one that it has takes its place', async () => {
    const device = await opened();
    await stage.offer('online.bin');
    await device.aktualizr.checkUpdates();
    assert.deepEqual(await kinds(device), ['no_lockbox', undefined, undefined]);
    const { state } = device.aktualizr.status();
    assert.equal('update' in state && state.update.targets[0]?.name, 'online.bin');
    await fill();
    assert.deepEqual(await kinds(device), ['updates', 'downloaded', 'installed']);
    const cycle = await device.aktualizr.uptaneCycle();
    assert.equal(cycle.install?.kind, 'installed');
    assert.equal(installed(device), 'online.bin');
  });

  it('leaves what is stored of the servers as it is', async () => {
    const device = await opened();
    await stage.offer('online.bin');
    await device.aktualizr.checkUpdates();
    await fill('spring', 'spring.bin');
    await device.aktualizr.checkUpdatesOffline(stick.path);
    const cycle = await device.aktualizr.uptaneCycle();
    assert.deepEqual([cycle.check.kind, cycle.install?.kind], ['updates', 'installed']);
    assert.deepEqual(
      reportsOf(stage.gateway.requests).map(({ result }) => result?.success),
      [true],
    );
  });

  it('refuses a lockbox that has expired, and tells the server with the next manifest', async () => {
    const device = await opened();
    await fill();
    const spring = lockboxes.lockboxes.get('spring');
    assert.ok(spring !== undefined);
    spring.expires = stage.gateway.simulator.now;
    (await lockboxes.fill()).writeTo(stick.path);
    const { check } = await device.aktualizr.uptaneCycleOffline(stick.path);
    assert.equal(check.kind === 'refused' && check.error.wireCode, 'ExpiredMetadata::Offline-Updates');
    await device.aktualizr.uptaneCycle();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result?.code, 'VERIFICATION_FAILED');
  });

  it('passes over a medium for other hardware without calling it an attack', async () => {
    const device = await opened();
    const { simulator } = stage.gateway;
    const target = simulator.addImage({ name: 'x.bin', content: CONTENT, hardwareIds: ['other-hw'] });
    await simulator.image.publish();
    lockboxes.put('others', [target]);
    (await lockboxes.fill()).writeTo(stick.path);
    const { check } = await device.aktualizr.uptaneCycleOffline(stick.path);
    assert.equal(check.kind === 'refused' && check.error.code, 'BadHardwareId');
    assert.equal(device.storage.installations.results().device, undefined);
    assert.deepEqual(device.storage.attacks.pending(), []);
  });

  it('leaves nothing behind of a clock that was months ahead, under which the medium held', async () => {
    const device = await opened();
    stage.close(device);
    const { simulator } = stage.gateway;
    const expires = addSeconds(simulator.now, 365 * 86_400);
    const { director, image } = simulator;
    for (const role of [
      lockboxes.snapshot,
      lockboxes.updates,
      director.roles.root,
      ...Object.values(image.roles),
    ])
      role.expires = expires;
    await director.publishRoot();
    await image.publishRoot();
    await fill();
    const now = () => (simulator.now + 300 * 86_400) * 1000;
    const ahead = await stage.open({ takesMedia: true, now });
    assert.deepEqual(await kinds(ahead), ['updates', 'downloaded', 'installed']);
    stage.close(ahead);
    const later = await stage.open({ takesMedia: true });
    await stage.offer('online.bin');
    assert.equal((await later.aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  it('ends a running cycle between its stages', async () => {
    const device = await opened();
    await fill();
    await stage.offer('online.bin');
    const online = device.aktualizr.uptaneCycle();
    const offline = device.aktualizr.uptaneCycleOffline(stick.path);
    const [first, second] = await Promise.all([online, offline]);
    assert.deepEqual([first.check.kind, first.download, first.install], ['updates', undefined, undefined]);
    assert.equal(second.install?.kind, 'installed');
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(installed(device), 'online.bin');
  });

  it('goes on after a restart in the middle', async () => {
    const device = await opened();
    await fill();
    await device.aktualizr.checkUpdatesOffline(stick.path);
    await device.aktualizr.download();
    stage.close(device);
    const again = await stage.open({ takesMedia: true });
    assert.equal((await again.aktualizr.install()).kind, 'installed');
    assert.ok(existsSync(again.imagesPath));
  });
});
