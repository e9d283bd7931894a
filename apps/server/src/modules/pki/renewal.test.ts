import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { CERTIFICATE_REQUEST_TYPE, DEVICE_PATHS } from '@ota-connect/contract/device';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import {
  connect,
  connectWithCredentials,
  createCredentials,
  provisionDevice,
  type Answer,
  type TestDevice,
} from '../../../test/device.ts';
import { uuidOf } from '../director/test/assign.ts';
import { encodePem } from './pem.ts';

const DAY_MS = 86_400_000;
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;

type Request = { readonly der: Buffer; readonly privateKey: string };

/** A certificate request by pkijs, no line of our client. `names`: the common names of its subject. */
async function certificateRequest(
  names: readonly string[],
  algorithm: typeof EC | (typeof RSA & { modulusLength: number }) = EC,
): Promise<Request> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = new pkijs.CertificationRequest({
    subject: new pkijs.RelativeDistinguishedNames({
      typesAndValues: names.map(
        (name) =>
          new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value: name }) }),
      ),
    }),
  });
  await request.subjectPublicKeyInfo.importKey(keys.publicKey as CryptoKey);
  await request.sign(keys.privateKey as CryptoKey, 'SHA-256');
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    der: Buffer.from(request.toSchema().toBER(false)),
    privateKey: encodePem('PRIVATE KEY', privateKey),
  };
}

function renew(device: TestDevice, der: Buffer, type: string = CERTIFICATE_REQUEST_TYPE): Promise<Answer> {
  return device.send('POST', DEVICE_PATHS.ownCertificate, { body: der, headers: { 'content-type': type } });
}

async function serverOf(test: TestContext, clock = manualClock()): Promise<ScratchServer> {
  const server = await startScratchServer({ clock });
  test.after(() => server.dispose());
  return server;
}

async function deviceOf(test: TestContext, server: ScratchServer, deviceId: string): Promise<TestDevice> {
  const device = await provisionDevice(server, deviceId);
  test.after(() => device.close());
  return device;
}

async function authority(server: ScratchServer): Promise<string> {
  return (await createCredentials(server)).ca;
}

describe('renewal of a device certificate', () => {
  it('answers a certificate for the new key, under the same name and as long as the one before; both open the gateway', async (test) => {
    const clock = manualClock();
    const server = await serverOf(test, clock);
    const shared = connectWithCredentials(server, await createCredentials(server));
    test.after(() => shared.close());
    const identity = await shared.send('POST', '/devices', { body: { deviceId: 'car', ttl: '90' } });
    const ca = await authority(server);
    const old = connect(server.gatewayUrl, { pfx: identity.body, passphrase: '', ca });
    test.after(() => old.close());
    clock.advance(60 * DAY_MS);
    const { der, privateKey } = await certificateRequest(['car']);
    const answer = await renew(old, der);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/pem-certificate-chain');
    const certificate = new X509Certificate(answer.body);
    assert.equal(certificate.subject, 'CN=car');
    assert.equal(Math.round((certificate.validToDate.getTime() - Date.now()) / DAY_MS), 150);
    const renewed = connect(server.gatewayUrl, { cert: answer.body, key: privateKey, ca });
    test.after(() => renewed.close());
    for (const device of [old, renewed])
      assert.equal((await device.send('GET', '/repo/root.json')).status, 200);
    const { der: next } = await certificateRequest(['car']);
    assert.equal((await renew(renewed, next)).status, 200);
  });

  it('takes keys of RSA, so that one in a token can stay', async (test) => {
    const server = await serverOf(test);
    const device = await deviceOf(test, server, 'car');
    const { der } = await certificateRequest(['car'], { ...RSA, modulusLength: 2048 });
    assert.equal((await renew(device, der)).status, 200);
  });

  it('refuses another name, no name, two names, a weak key, a broken signature and what is no request', async (test) => {
    const server = await serverOf(test);
    const device = await deviceOf(test, server, 'car');
    const { der } = await certificateRequest(['car']);
    const forged = Buffer.from(der);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const weak = await certificateRequest(['car'], { ...RSA, modulusLength: 1024 });
    const bodies = [
      (await certificateRequest(['bus'])).der,
      (await certificateRequest([])).der,
      (await certificateRequest(['car', 'bus'])).der,
      weak.der,
      forged,
      Buffer.from('nothing'),
      Buffer.alloc(0),
    ];
    for (const [index, body] of bodies.entries()) {
      const answer = await renew(device, body);
      assert.equal(answer.status, 400, `body ${index}: ${answer.body.toString()}`);
    }
    assert.equal((await renew(device, der, 'application/toml')).status, 415);
    assert.equal((await renew(device, Buffer.alloc(20_000))).status, 413);
    assert.equal((await renew(device, der)).status, 200);
  });

  it('is not for shared credentials, nor for a device that was removed', async (test) => {
    const server = await serverOf(test);
    const shared = connectWithCredentials(server, await createCredentials(server));
    test.after(() => shared.close());
    const { der } = await certificateRequest(['car']);
    const refused = await renew(shared, der);
    assert.deepEqual([refused.status, refused.json()['code']], [403, 'device_credentials_required']);
    const device = await deviceOf(test, server, 'car');
    assert.equal((await server.api('DELETE', `/devices/${await uuidOf(server, 'car')}`)).status, 204);
    const answer = await renew(device, der);
    assert.deepEqual([answer.status, answer.json()['code']], [403, 'unknown_certificate']);
  });

  it('takes every right from the renewed certificate too, when the device is removed', async (test) => {
    const server = await serverOf(test);
    const device = await deviceOf(test, server, 'car');
    const { der, privateKey } = await certificateRequest(['car']);
    const { body } = await renew(device, der);
    const renewed = connect(server.gatewayUrl, { cert: body, key: privateKey, ca: await authority(server) });
    test.after(() => renewed.close());
    assert.equal((await renewed.send('GET', '/repo/root.json')).status, 200);
    assert.equal((await server.api('DELETE', `/devices/${await uuidOf(server, 'car')}`)).status, 204);
    assert.equal((await renewed.send('GET', '/repo/root.json')).status, 403);
  });

  it('is bounded: a device that asks again and again is told so', async (test) => {
    const clock = manualClock();
    const server = await serverOf(test, clock);
    const device = await deviceOf(test, server, 'car');
    const { der } = await certificateRequest(['car']);
    let last = 200;
    for (let time = 0; time < 30 && last === 200; time += 1) last = (await renew(device, der)).status;
    assert.equal(last, 429);
    clock.advance(DAY_MS + 1000);
    assert.equal((await renew(device, der)).status, 200);
  });
});
