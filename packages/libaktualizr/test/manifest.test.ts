import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PRIMARY } from '@ota-connect/testkit';
import {
  clientKeyId,
  hashBytes,
  parseVehicleManifest,
  sha256Hex,
  verifySignature,
  type Envelope,
  type PublicKey,
} from '@ota-connect/uptane';
import { countingHasher } from './support/counting-hasher.ts';
import { CONTENT, setStage } from './support/stage.ts';

function assertSigned({ signatures, signedBytes }: Envelope, key: PublicKey): void {
  const [signature, ...more] = signatures;
  assert.ok(signature !== undefined && more.length === 0);
  assert.equal(signature.keyid, clientKeyId(key));
  assert.equal(signature.method, 'ed25519');
  assert.equal(verifySignature(key, signature, signedBytes), true);
}

describe('manifest of the Primary', () => {
  const stage = setStage();

  const sent = () =>
    stage.gateway.requests
      .filter(({ method, path }) => method === 'PUT' && path === '/director/manifest')
      .map(({ text }) => parseVehicleManifest(Buffer.from(text)));

  it('is signed with its key, and so is the report of its own in it [5.4.2.1.1-1, 5.4.2.1.1-4, 5.4.2.1.1-6, 5.4.2.1.2-1]', async () => {
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    const key = storage.identity.primaryKey()?.publicKey;
    const [manifest] = sent();
    assert.ok(key !== undefined && manifest !== undefined);
    assert.equal(manifest.primary, PRIMARY.serial);
    assertSigned(manifest.envelope, key);
    const own = manifest.ecus.get(PRIMARY.serial);
    assert.ok(own !== undefined);
    assertSigned(own.envelope, key);
    assert.equal(own.report.ecuSerial, PRIMARY.serial);
  });

  it('names the vehicle as its certificate does, and states the hash of what is signed [5.4.2.1.1-2, 5.4.2.1.1-3, 5.4.2.1.2-2]', async () => {
    const { aktualizr, storage } = await stage.open();
    storage.identity.saveDeviceId('of-its-own-choice');
    storage.identity.saveRegistration([{ ...PRIMARY, isPrimary: true }]);
    await aktualizr.checkUpdates();
    const [manifest] = sent();
    const own = manifest?.ecus.get(PRIMARY.serial);
    assert.ok(manifest !== undefined && own !== undefined);
    assert.equal(manifest.vehicleId, 'device-1');
    for (const { signatures, signedBytes } of [manifest.envelope, own.envelope]) {
      assert.deepEqual(signatures[0]?.hash, { function: 'sha256', digest: sha256Hex(signedBytes) });
    }
  });

  it('counts on with every report, over a restart too [5.4.2.1.2-6]', async () => {
    const first = await stage.open();
    await first.aktualizr.checkUpdates();
    await first.aktualizr.checkUpdates();
    stage.close(first);
    await (await stage.open()).aktualizr.checkUpdates();
    const counters = sent().map(({ ecus }) => ecus.get(PRIMARY.serial)?.report.reportCounter ?? 0);
    assert.equal(counters.length, 3);
    assert.ok(counters.every((counter, at) => counter > (counters[at - 1] ?? 0)));
  });

  it('names the installed image with length and hash, once there is one [5.4.2.1.2-3]', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    await aktualizr.uptaneCycle();
    await aktualizr.checkUpdates();
    const installed = sent().at(-1)?.ecus.get(PRIMARY.serial)?.report.installed;
    const target = stage.gateway.simulator.image.targets.get('app.bin');
    assert.equal(installed?.name, 'app.bin');
    assert.equal(installed.lengthBytes, target?.lengthBytes);
    assert.equal(installed.hashes.sha256, target?.hashes.sha256);
  });

  for (const needsReboot of [false, true]) {
    const when = needsReboot ? 'after the reboot that it needs' : 'at once';
    it(`names by both hashes an image that is listed by SHA-512 alone, ${when}; it is offered no more and hashed once [5.4.2.1.2-3]`, async () => {
      const { simulator } = stage.gateway;
      const { sha256, sha512 } = hashBytes(Buffer.from(CONTENT));
      simulator.offer('app.bin', CONTENT);
      for (const { targets } of [simulator.image, simulator.director]) {
        for (const [name, target] of targets) targets.set(name, { ...target, hashes: { sha512 } });
      }
      await simulator.publish();
      const hashed = countingHasher();
      const first = await stage.open({ needsReboot, ...hashed });
      assert.equal(
        (await first.aktualizr.uptaneCycle()).install?.kind,
        needsReboot ? 'needs_completion' : 'installed',
      );
      assert.equal(hashed.hashed, CONTENT.length);
      stage.close(first);
      const { aktualizr } = await stage.open({ bootId: 'boot-2' });
      assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
      const installed = sent().at(-1)?.ecus.get(PRIMARY.serial)?.report.installed;
      assert.deepEqual(installed, {
        name: 'app.bin',
        lengthBytes: CONTENT.length,
        hashes: { sha256, sha512 },
      });
    });
  }

  for (const [listed, named] of [
    ['SHA-256', ['sha256']],
    ['SHA-256 and SHA-512', ['sha256', 'sha512']],
  ] as const) {
    it(`installs an image that is listed by ${listed}, and names it by SHA-256 alone, as originals do`, async () => {
      const { simulator } = stage.gateway;
      const all = hashBytes(Buffer.from(CONTENT));
      const hashes = Object.fromEntries(named.map((name) => [name, all[name]]));
      simulator.offer('app.bin', CONTENT);
      for (const { targets } of [simulator.image, simulator.director]) {
        for (const [name, target] of targets) targets.set(name, { ...target, hashes });
      }
      await simulator.publish();
      const { aktualizr } = await stage.open();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
      const installed = sent().at(-1)?.ecus.get(PRIMARY.serial)?.report.installed;
      assert.deepEqual(installed?.hashes, { sha256: all.sha256 });
    });
  }
});
