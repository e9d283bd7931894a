import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { clientKeyId, parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { zipSync } from 'fflate';

import { EXPIRED, provisioningDevice as device, SERVER_CA, VALID } from '../../test/provisioning-device.ts';
import { fixture } from '../../test/temporary-directory.ts';
import { ProvisioningError, TransportError } from '../errors.ts';
import { readCredentialsArchive } from './credentials-archive.ts';
import { provision } from './provision.ts';

async function refusal(attempt: Promise<unknown>): Promise<ProvisioningError> {
  try {
    await attempt;
  } catch (error) {
    assert.ok(error instanceof ProvisioningError, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

describe('provisioning with shared credentials', () => {
  it('stores the identity that the server sends and registers the Primary', async (test) => {
    const { storage, server, attempt } = await device(test);
    assert.equal(await attempt(), 'provisioned');
    const tls = storage.credentials.tls();
    assert.ok(tls);
    assert.equal(
      new X509Certificate(tls.certificate).checkPrivateKey(createPrivateKey(tls.privateKey)),
      true,
    );
    assert.equal(tls.certificate.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.ok(tls.ca.endsWith(SERVER_CA));
    assert.match(server.deviceIds[0] ?? '', /^[a-z]+-[a-z]+-\d{1,3}$/);
    assert.equal(storage.identity.deviceId(), server.deviceIds[0]);
    const key = storage.identity.primaryKey()?.publicKey;
    assert.ok(key);
    assert.deepEqual(server.registrations, [
      {
        primaryEcuSerial: clientKeyId(key),
        ecus: [{ ecuSerial: clientKeyId(key), hardwareId: 'gateway-x', clientKey: key }],
      },
    ]);
    assert.equal(storage.identity.isRegistered(), true);
    assert.equal(storage.reports.nextReportCounter(storage.identity.ecus()[0]?.serial ?? assert.fail()), 1);
  });

  it('presents the shared identity and trusts its chain and the CA of the archive', async (test) => {
    const { server, attempt } = await device(test);
    await attempt();
    const [shared] = server.shared;
    assert.ok(shared);
    assert.match(new X509Certificate(shared.certificate).subject, /dev-rsa/);
    assert.match(new X509Certificate(shared.ca).subject, /TestCA/);
    assert.ok(shared.ca.endsWith(SERVER_CA));
  });

  it('asks the server for nothing, when it is done already', async (test) => {
    const { server, attempt } = await device(test);
    await attempt();
    assert.equal(await attempt(EXPIRED), 'already_provisioned');
    assert.equal(server.deviceIds.length, 1);
    assert.equal(server.registrations.length, 1);
  });

  it('takes the shared key out of the archive, but not in reuse mode', async (test) => {
    const once = await device(test);
    await once.attempt();
    assert.equal(readCredentialsArchive(once.archive).sharedIdentity, undefined);
    const reuse = await device(test, { mode: 'SharedCredReuse' });
    await reuse.attempt();
    assert.ok(readCredentialsArchive(reuse.archive).sharedIdentity);
  });

  it('takes the key out of an archive that is put there anew, and opens a known one no more', async (test) => {
    const { archive, attempt } = await device(test);
    const fresh = readFileSync(archive);
    await attempt();
    const stripped = readFileSync(archive);
    await attempt();
    assert.deepEqual(readFileSync(archive), stripped);
    writeFileSync(archive, fresh);
    await attempt();
    assert.equal(readCredentialsArchive(archive).sharedIdentity, undefined);
  });

  it('trusts what the archive trusts, when the server sends no chain', async (test) => {
    const { storage, server, attempt } = await device(test);
    server.answer = readFileSync(fixture('pkcs12/ec-alone.p12'));
    await attempt();
    assert.match(new X509Certificate(storage.credentials.tls()?.ca ?? '').subject, /TestCA/);
  });

  it('takes the key out at the next start, when the power was cut before', async (test) => {
    const { storage, archive, attempt } = await device(test);
    storage.identity.saveDeviceId('calm-mango-7');
    storage.credentials.saveTls({ ca: 'CA', certificate: 'CERT', privateKey: 'KEY' });
    await attempt();
    assert.equal(readCredentialsArchive(archive).sharedIdentity, undefined);
  });

  it('goes on with a broken archive, once it has its own identity', async (test) => {
    const { storage, archive, attempt } = await device(test);
    storage.identity.saveDeviceId('calm-mango-7');
    storage.credentials.saveTls({ ca: 'CA', certificate: 'CERT', privateKey: 'KEY' });
    writeFileSync(archive, 'gone bad');
    assert.equal(await attempt(), 'provisioned');
  });

  it('draws another name, when the one it drew is taken', async (test) => {
    const { storage, server, attempt } = await device(test);
    storage.identity.saveDeviceId('calm-mango-7');
    server.taken.add('calm-mango-7');
    assert.equal(await attempt(), 'provisioned');
    assert.equal(server.deviceIds.length, 2);
    assert.notEqual(storage.identity.deviceId(), 'calm-mango-7');
  });

  it('gives up after some draws and forgets the name, so that the next attempt draws anew', async (test) => {
    const { storage, server, attempt } = await device(test);
    server.takeEverything = true;
    assert.equal((await refusal(attempt())).code, 'device_exists');
    assert.equal(server.deviceIds.length, 3);
    assert.equal(storage.identity.deviceId(), undefined);
  });

  it('leaves a configured name that is taken to the operator', async (test) => {
    const { server, attempt } = await device(test, { deviceId: 'bus-12' });
    server.takeEverything = true;
    const error = await refusal(attempt());
    assert.match(error.message, /already knows a device "bus-12"/);
    assert.deepEqual(server.deviceIds, ['bus-12']);
  });

  it('asks under the same name again, when the first answer was lost', async (test) => {
    const { server, attempt } = await device(test);
    server.failure = new TransportError('unreachable', 'no route');
    await assert.rejects(attempt(), TransportError);
    server.failure = undefined;
    await attempt();
    assert.equal(server.deviceIds[0], server.deviceIds[1]);
  });

  it('registers the ECUs at the next attempt, when the server failed after the identity was stored', async (test) => {
    const { storage, server, attempt } = await device(test);
    server.refusesEcus = true;
    assert.equal((await refusal(attempt())).code, 'ecus_refused');
    assert.ok(storage.credentials.tls());
    assert.equal(storage.identity.isRegistered(), false);
    server.refusesEcus = false;
    assert.equal(await attempt(), 'provisioned');
    assert.equal(server.deviceIds.length, 1);
  });
});

describe('shared credentials that cannot be used', () => {
  it('are named with their archive and what to do: wrong password, expired, used up, damaged', async (test) => {
    const wrong = await device(test, { p12Password: 'other' });
    assert.match(
      (await refusal(wrong.attempt())).message,
      /^The shared identity in .*credentials\.zip does not open with this password/,
    );
    const expired = await device(test);
    assert.match(
      (await refusal(expired.attempt(EXPIRED))).message,
      /expired on 2026-12-\d\d: create a new credentials archive/,
    );
    const damaged = await device(test, {}, { 'autoprov_credentials.p12': Buffer.from('nonsense') });
    assert.match((await refusal(damaged.attempt())).message, /damaged/);
    const used = await device(test);
    writeFileSync(used.archive, zipSync({ 'autoprov.url': Buffer.from('https://gateway') }));
    assert.match(
      (await refusal(used.attempt())).message,
      /already used by a device: give each device its own copy/,
    );
    for (const { server, storage } of [wrong, expired, damaged, used]) {
      assert.deepEqual(server.deviceIds, []);
      assert.equal(storage.identity.deviceId(), undefined);
    }
  });

  it('are named, when the server ends the connection after the handshake; other failures stay what they are', async (test) => {
    const { server, archive, attempt } = await device(test);
    const failing = (details: Record<string, unknown>) =>
      new TransportError('unreachable', 'failed', { details });
    for (const reason of ['closed_after_handshake', 'device_certificate']) {
      server.failure = failing({ reason });
      const error = await refusal(attempt());
      assert.equal(error.code, 'bad_credentials');
      assert.ok(error.message.includes(archive), error.message);
    }
    server.failure = failing({});
    await assert.rejects(attempt(), TransportError);
  });

  it('are an error, when the server answers with something else than an identity', async (test) => {
    const { storage, server, attempt } = await device(test);
    server.sharedGateway = () => ({ registerDevice: async () => Buffer.from('<html>') });
    assert.match((await refusal(attempt())).message, /The identity that the server sent is damaged/);
    assert.equal(storage.credentials.tls(), undefined);
  });
});

describe('provisioning with device credentials', () => {
  it('says what is missing, when nothing was imported', async (test) => {
    const { attempt } = await device(test, { mode: 'DeviceCred', provisionPath: '' });
    const error = await refusal(attempt());
    assert.equal(error.code, 'missing_credentials');
    assert.match(error.message, /provision\.provision_path.*\[import\]/);
  });

  it('takes the device id from the common name of the certificate, unless one is configured', async (test) => {
    for (const [deviceId, expected] of [
      ['', 'dev-ec'],
      ['bus-12', 'bus-12'],
    ] as const) {
      const { storage, server, attempt } = await device(test, {
        mode: 'DeviceCred',
        provisionPath: '',
        deviceId,
      });
      const { readPkcs12 } = await import('./pkcs12.ts');
      const identity = readPkcs12(readFileSync(fixture('pkcs12/ec-empty.p12')), '', 'fixture');
      storage.credentials.saveTls({
        ca: identity.chain.join(''),
        certificate: identity.certificate,
        privateKey: identity.privateKey,
      });
      assert.equal(await attempt(), 'provisioned');
      assert.equal(storage.identity.deviceId(), expected);
      assert.deepEqual(server.deviceIds, []);
    }
  });
});

describe('registration of the ECUs', () => {
  it('is sent again, when one that was registered is no more', async (test) => {
    const { storage, server, attempt } = await device(test);
    await attempt();
    const [primary] = storage.identity.ecus();
    assert.ok(primary);
    storage.identity.saveRegistration([
      primary,
      { ...primary, serial: parseEcuSerial('GONE'), isPrimary: false },
    ]);
    assert.equal(await attempt(), 'provisioned');
    assert.equal(server.registrations.length, 2);
    assert.deepEqual(
      storage.inspection.removedEcus().map(({ serial }) => serial),
      ['GONE'],
    );
  });

  it('is sent again, when the Primary has another hardware id', async (test) => {
    const { config, storage, server, attempt } = await device(test);
    await attempt();
    const [primary] = storage.identity.ecus();
    assert.ok(primary);
    const outcome = await provision({
      config,
      storage,
      primary: { ...primary, hardwareId: parseHardwareId('gateway-y') },
      clock: { now: () => VALID },
      gateway: server,
      sharedGateway: (credentials) => server.sharedGateway(credentials),
    });
    assert.equal(outcome, 'provisioned');
    assert.equal(server.registrations[1]?.ecus[0]?.hardwareId, 'gateway-y');
    assert.equal(storage.identity.ecus()[0]?.hardwareId, 'gateway-y');
  });
});
