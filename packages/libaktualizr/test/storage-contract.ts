// What every implementation of the port Storage promises. `open` opens the same storage again and again: what was written
// before a close is there after it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import type { DeviceEvent } from '@ota-connect/contract/device';
import { generateKeyPair, parseCorrelationId, parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';

import type { DeviceInstallationResult, EcuIdentity, InstalledVersion, Storage } from '../src/ports.ts';
import type { CycleState } from '../src/update-cycle/states.ts';

const PRIMARY = parseEcuSerial('PRIMARY-1');
const HARDWARE = parseHardwareId('gateway-x');
const CORRELATION = parseCorrelationId('urn:here-ota:campaign:11111111-2222-3333-4444-555555555555');

const primary: EcuIdentity = { serial: PRIMARY, hardwareId: HARDWARE, isPrimary: true };

function version(name: string, digit: string, more: Partial<InstalledVersion> = {}): InstalledVersion {
  return {
    ecuSerial: PRIMARY,
    name,
    lengthBytes: 100,
    hashes: { sha256: digit.repeat(64), sha512: digit.repeat(128) },
    correlationId: CORRELATION,
    customMeta: { ecuIdentifiers: { [PRIMARY]: { hardwareId: HARDWARE } }, targetFormat: 'BINARY' },
    ...more,
  };
}

function event(id: string): DeviceEvent {
  return {
    id,
    deviceTime: '2030-01-01T00:00:00Z',
    eventType: { id: 'EcuDownloadStarted', version: 0 },
    event: { ecu: PRIMARY, correlationId: CORRELATION },
  };
}

/** Opens a storage that is empty at the first call and keeps its content over closes. */
type Prepare = (test: TestContext) => { readonly open: () => Storage };

export function storageContract(name: string, prepare: Prepare): void {
  describe(`${name}: identity`, () => {
    it('knows nothing, when nothing was stored', (test) => {
      const storage = prepare(test).open();
      assert.equal(storage.identity.deviceId(), undefined);
      assert.equal(storage.identity.isRegistered(), false);
      assert.deepEqual(storage.identity.ecus(), []);
      assert.equal(storage.identity.primaryKey(), undefined);
      assert.equal(storage.credentials.tls(), undefined);
      assert.equal(storage.installations.current(PRIMARY), undefined);
      assert.deepEqual(storage.cycle.load(), { kind: 'Idle' });
      storage.close();
    });

    it('keeps device id, registration and key over a restart', async (test) => {
      const { open } = prepare(test);
      const { publicKey, privateKey } = await generateKeyPair('ED25519');
      const before = open();
      before.identity.saveDeviceId('calm-mango-7');
      before.identity.savePrimaryKey(publicKey, privateKey);
      before.identity.saveRegistration([primary]);
      before.close();
      const after = open();
      assert.equal(after.identity.deviceId(), 'calm-mango-7');
      assert.equal(after.identity.isRegistered(), true);
      assert.deepEqual(after.identity.ecus(), [primary]);
      assert.deepEqual(after.identity.primaryKey(), { publicKey, privateKey });
      after.close();
    });

    it('is unregistered again, when another device id is stored, and has none, when it is forgotten', (test) => {
      const storage = prepare(test).open();
      storage.identity.saveDeviceId('one');
      storage.identity.saveRegistration([primary]);
      storage.identity.saveDeviceId('two');
      assert.equal(storage.identity.isRegistered(), false);
      storage.identity.saveDeviceId(undefined);
      assert.equal(storage.identity.deviceId(), undefined);
      storage.close();
    });

    it('lists the Primary first and the others in the order of their registration', (test) => {
      const storage = prepare(test).open();
      const [b, a] = ['B', 'A'].map((serial) => ({
        serial: parseEcuSerial(serial),
        hardwareId: HARDWARE,
        isPrimary: false,
      }));
      assert.ok(a && b);
      storage.identity.saveDeviceId('one');
      storage.identity.saveRegistration([b, primary, a]);
      assert.deepEqual(storage.identity.ecus(), [primary, b, a]);
      storage.close();
    });

    it('answers the same object for unchanged credentials and new ones after a change', (test) => {
      const storage = prepare(test).open();
      storage.credentials.saveTls({ ca: 'CA', certificate: 'CERT', privateKey: 'KEY' });
      const first = storage.credentials.tls();
      assert.deepEqual(first, { ca: 'CA', certificate: 'CERT', privateKey: 'KEY' });
      assert.equal(storage.credentials.tls(), first);
      storage.credentials.saveTls({ ca: 'CA', certificate: 'CERT 2', privateKey: 'KEY 2' });
      assert.equal(storage.credentials.tls()?.certificate, 'CERT 2');
      storage.close();
    });
  });

  describe(`${name}: metadata`, () => {
    it('gives the bytes back as they came, also such as are no text', (test) => {
      const { open } = prepare(test);
      const bytes = Uint8Array.from([0x7b, 0x00, 0xff, 0x7d]);
      const before = open();
      before.metadata.image.save('targets', bytes, 7);
      before.close();
      const after = open();
      assert.deepEqual(Buffer.from(after.metadata.image.load('targets') ?? []), Buffer.from(bytes));
      assert.equal(after.metadata.director.load('targets'), undefined);
      after.close();
    });

    it('keeps every Root by its version and of the other roles the newest alone', (test) => {
      const { director } = withOpen(prepare(test).open());
      director.save('root', Buffer.from('root 9'), 9);
      director.save('root', Buffer.from('root 10'), 10);
      director.save('targets', Buffer.from('targets 3'), 3);
      director.save('targets', Buffer.from('targets 2'), 2);
      assert.equal(text(director.load('root')), 'root 10');
      assert.equal(text(director.loadRoot(9)), 'root 9');
      assert.equal(director.loadRoot(11), undefined);
      assert.equal(text(director.load('targets')), 'targets 2');
      director.remove('targets');
      assert.equal(director.load('targets'), undefined);
      assert.equal(text(director.load('root')), 'root 10');
    });

    it('keeps delegations by name', (test) => {
      const { image } = withOpen(prepare(test).open());
      image.save({ delegation: 'team-a' }, Buffer.from('a'), 1);
      image.save({ delegation: 'team-b' }, Buffer.from('b'), 1);
      image.remove({ delegation: 'team-a' });
      assert.equal(image.load({ delegation: 'team-a' }), undefined);
      assert.equal(text(image.load({ delegation: 'team-b' })), 'b');
    });

    it('remembers over a restart that the Director serves all roles, until it is to forget it', (test) => {
      const { open } = prepare(test);
      const before = open();
      assert.equal(before.metadata.director.flags().directorFullRoles(), false);
      before.metadata.director.flags().rememberDirectorFullRoles(true);
      before.close();
      const after = open();
      assert.equal(after.metadata.director.flags().directorFullRoles(), true);
      after.metadata.director.flags().rememberDirectorFullRoles(false);
      assert.equal(after.metadata.director.flags().directorFullRoles(), false);
      after.close();
    });
  });

  describe(`${name}: installations`, () => {
    it('moves a version from installing over pending to current', (test) => {
      const { installations } = prepare(test).open();
      const [old, next] = [version('old.bin', 'a'), version('new.bin', 'b')];
      installations.save(old, 'current');
      installations.save(next, 'installing');
      assert.deepEqual([installations.current(PRIMARY), installations.pending(PRIMARY)], [old, undefined]);
      installations.save(next, 'pending');
      assert.deepEqual([installations.current(PRIMARY), installations.pending(PRIMARY)], [old, next]);
      installations.save(next, 'current');
      assert.deepEqual([installations.current(PRIMARY), installations.pending(PRIMARY)], [next, undefined]);
      assert.deepEqual(installations.log(PRIMARY), [old, next]);
    });

    it('drops the pending mark of a version that did not come up, and leaves it out of the log', (test) => {
      const { installations } = prepare(test).open();
      const [old, next] = [version('old.bin', 'a'), version('new.bin', 'b')];
      installations.save(old, 'current');
      installations.save(next, 'pending');
      installations.save(next, 'installing');
      assert.deepEqual([installations.current(PRIMARY), installations.pending(PRIMARY)], [old, undefined]);
      assert.deepEqual(installations.log(PRIMARY), [old]);
    });

    it('lets only one version wait at a time, also when another became current', (test) => {
      const { installations } = prepare(test).open();
      installations.save(version('one.bin', 'a'), 'pending');
      installations.save(version('two.bin', 'b'), 'pending');
      assert.equal(installations.pending(PRIMARY)?.name, 'two.bin');
      installations.save(version('three.bin', 'c'), 'current');
      assert.equal(installations.pending(PRIMARY), undefined);
      assert.deepEqual(
        installations.log(PRIMARY).map((entry) => entry.name),
        ['three.bin'],
      );
    });

    it('keeps what is current, when the same bytes are installed once more under another campaign', (test) => {
      const { installations } = prepare(test).open();
      const again = version('old.bin', 'a', {
        correlationId: 'urn:here-ota:campaign:99999999-2222-3333-4444-555555555555',
      });
      installations.save(version('old.bin', 'a'), 'current');
      installations.save(again, 'installing');
      assert.deepEqual(installations.current(PRIMARY), again);
      assert.equal(installations.log(PRIMARY).length, 1);
    });

    it('logs a return to an older version as an installation of its own', (test) => {
      const { installations } = prepare(test).open();
      for (const [name, digit] of [
        ['a.bin', 'a'],
        ['b.bin', 'b'],
        ['a.bin', 'a'],
      ] as const)
        installations.save(version(name, digit), 'current');
      assert.deepEqual(
        installations.log(PRIMARY).map((entry) => entry.name),
        ['a.bin', 'b.bin', 'a.bin'],
      );
      assert.equal(installations.current(PRIMARY)?.name, 'a.bin');
    });

    it('keeps the SHA-256 that was found of an image listed by SHA-512 alone, and tells such images apart', (test) => {
      const { open } = prepare(test);
      const listed = (digit: string) => ({ sha512: digit.repeat(128) });
      const found = (digit: string) =>
        version('one.bin', digit, {
          hashes: { ...listed(digit), sha256: digit.repeat(64) },
          ownSha256: true,
        });
      const before = open();
      before.installations.save(found('a'), 'installing');
      before.installations.save(version('one.bin', 'a', { hashes: listed('a') }), 'current');
      before.installations.save(version('one.bin', 'b', { hashes: listed('b') }), 'current');
      before.installations.save(version('one.bin', 'c', { hashes: listed('c') }), 'installing');
      before.close();
      const { installations } = open();
      const [a, b] = [found('a'), version('one.bin', 'b', { hashes: listed('b') })];
      assert.deepEqual(installations.log(PRIMARY), [a, b]);
      assert.deepEqual(installations.current(PRIMARY), b);
    });

    it('keeps results until they are cleared', (test) => {
      const { open } = prepare(test);
      const device: DeviceInstallationResult = {
        success: false,
        code: 'gateway-x:INSTALL_FAILED',
        description: 'it "failed"',
        rawReport: 'raw',
        correlationId: CORRELATION,
      };
      const ecu = { success: false, code: 'INSTALL_FAILED', description: 'bad flash' };
      const before = open();
      before.installations.saveEcuResult(PRIMARY, { success: true, code: 'OK', description: '' });
      before.installations.saveEcuResult(PRIMARY, ecu);
      before.installations.saveDeviceResult(device);
      before.close();
      const after = open();
      assert.deepEqual(after.installations.results(), { device, ecus: new Map([[PRIMARY, ecu]]) });
      after.installations.clearResults();
      assert.deepEqual(after.installations.results(), { device: undefined, ecus: new Map() });
      after.close();
    });
  });

  describe(`${name}: reports`, () => {
    it('counts on from where it was, over a restart and a second registration [5.4.2.1.2-6]', (test) => {
      const { open } = prepare(test);
      const before = open();
      before.identity.saveDeviceId('one');
      before.identity.saveRegistration([primary]);
      assert.deepEqual(
        [before.reports.nextReportCounter(PRIMARY), before.reports.nextReportCounter(PRIMARY)],
        [1, 2],
      );
      before.identity.saveRegistration([primary]);
      before.close();
      const after = open();
      assert.equal(after.reports.nextReportCounter(PRIMARY), 3);
      after.close();
    });

    it('hands events out in their order, at most as many as asked, until they are removed', (test) => {
      const { reports } = prepare(test).open();
      for (const id of ['1', '2', '3']) reports.enqueue(event(id));
      const two = reports.queued(2);
      assert.deepEqual(
        two.map((entry) => entry.event),
        [event('1'), event('2')],
      );
      reports.remove(two.map((entry) => entry.id));
      assert.deepEqual(
        reports.queued(10).map((entry) => entry.event.id),
        ['3'],
      );
    });

    it('remembers the hash of what was sent, by kind', (test) => {
      const { reports } = prepare(test).open();
      reports.saveSentHash('network_info', 'AA');
      reports.saveSentHash('network_info', 'BB');
      assert.equal(reports.sentHash('network_info'), 'BB');
      assert.equal(reports.sentHash('configuration'), undefined);
    });
  });

  describe(`${name}: update cycle`, () => {
    it('keeps the state and the attempts over a restart', (test) => {
      const { open } = prepare(test);
      const state: CycleState = { kind: 'Downloading', update: { correlationId: CORRELATION, targets: [] } };
      const before = open();
      before.cycle.save({ kind: 'Checking' });
      before.cycle.save(state);
      assert.equal(before.cycle.countAttempt('ab', CORRELATION), 1);
      assert.equal(before.cycle.countAttempt('ab', CORRELATION), 2);
      before.close();
      const after = open();
      assert.deepEqual(after.cycle.load(), state);
      assert.equal(after.cycle.attempts('ab', CORRELATION), 2);
      assert.equal(after.cycle.attempts('ab', ''), 0);
      after.close();
    });

    it('takes a check that a restart interrupts back to the state before it', (test) => {
      const { open } = prepare(test);
      const known: CycleState = {
        kind: 'UpdatesAvailable',
        update: { correlationId: CORRELATION, targets: [] },
      };
      const before = open();
      before.cycle.save(known);
      before.cycle.save({ kind: 'Checking', before: known });
      assert.equal(before.cycle.load().kind, 'Checking');
      before.close();
      const after = open();
      assert.deepEqual(after.cycle.load(), known);
      after.close();
    });

    it('keeps file names of images and ETags', (test) => {
      const { images, etags } = prepare(test).open();
      images.saveFileName('app.bin', 'AABB');
      etags.save('https://x/targets.json', '"7"');
      assert.equal(images.fileName('app.bin'), 'AABB');
      assert.equal(etags.load('https://x/targets.json'), '"7"');
      images.remove('app.bin');
      assert.equal(images.fileName('app.bin'), undefined);
    });
  });

  describe(`${name}: transaction`, () => {
    it('keeps nothing of a transaction that throws, nested ones included', (test) => {
      const storage = prepare(test).open();
      storage.identity.saveDeviceId('before');
      assert.throws(
        () =>
          storage.transaction(() => {
            storage.identity.saveDeviceId('within');
            storage.transaction(() => storage.images.saveFileName('a', 'A'));
            throw new RangeError('power cut');
          }),
        RangeError,
      );
      assert.equal(storage.identity.deviceId(), 'before');
      assert.equal(storage.images.fileName('a'), undefined);
      storage.close();
    });

    it('answers what the work answers', (test) => {
      const storage = prepare(test).open();
      assert.equal(
        storage.transaction(() => 42),
        42,
      );
      storage.close();
    });
  });
}

function withOpen(storage: Storage): Storage['metadata'] {
  return storage.metadata;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
