// What a device says when the server does not want it: with the server's code, and with what a person can do.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { HttpClient } from '../src/adapters/http/client.ts';
import { createHttpGateway } from '../src/adapters/http/gateway.ts';
import { TransportError } from '../src/errors.ts';
import type { Gateway, TlsCredentials } from '../src/ports.ts';
import { issue } from './support/certificates.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

describe('a device that the server does not want', () => {
  let server: TestGateway;
  const clients: HttpClient[] = [];
  before(async () => {
    server = await openTestGateway();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    server.answerOf = () => undefined;
  });
  after(() => server.close());

  function gateway(credentials: TlsCredentials = server.credentials): Gateway {
    const http = new HttpClient({ credentials: () => credentials, userAgent: 'x', pauseMs: 1 });
    clients.push(http);
    const { url } = server;
    const urls = {
      gateway: url,
      provisioning: url,
      director: `${url}/director`,
      ecuRegistration: `${url}/ecus`,
    };
    return createHttpGateway(http, urls, '365');
  }

  function refuse(status: number, body: object): void {
    server.answerOf = () => ({ status, headers: {}, body: Buffer.from(JSON.stringify(body)) });
  }

  const ecus = {
    primaryEcuSerial: parseEcuSerial('primary-1'),
    ecus: [
      {
        ecuSerial: parseEcuSerial('primary-1'),
        hardwareId: parseHardwareId('hw'),
        clientKey: { keytype: 'ED25519', keyval: { public: 'ab'.repeat(32) } },
      },
    ],
  } as const;

  it('says that its certificate has expired, and what it needs', async () => {
    const { authority, credentials } = server;
    const expired = await issue({ commonName: 'car', days: -1 }, authority);
    await assert.rejects(gateway({ ca: credentials.ca, ...expired }).campaigns(), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.deepEqual([error.code, error.details['reason']], ['tls_refused', 'device_certificate']);
      assert.match(error.message, /since it has expired: give the device new credentials/);
      return true;
    });
  });

  it('says how to provision it anew, when it is known no more; not so of shared credentials', async () => {
    refuse(403, { code: 'unknown_certificate', description: 'This certificate is not known here.' });
    const anew =
      /403 \(unknown_certificate: This certificate is not known here\.\)\. .*provision it anew, stop aktualizr, delete the database/;
    await assert.rejects(gateway().putManifest(Buffer.from('{}')), anew);
    await assert.rejects(gateway().registerEcus(ecus), anew);
    await assert.rejects(gateway().registerDevice('car'), (error: unknown) => {
      assert.doesNotMatch(String(error), /delete the database/);
      return true;
    });
  });

  it('shows the code of the server and advice for the refusals that fleets have met', async () => {
    for (const [status, code, advice] of [
      [409, 'ecu_already_registered', /primary_ecu_serial.*or remove that device/],
      [412, 'replace_ecu_assignment_exists', /cancel the assignment on the server/],
      [400, 'invalid_entity', /does not take a key, serial or hardware id/],
      [400, 'something_else', /something_else: no\)\.$/],
    ] as const) {
      refuse(status, { code, description: 'no' });
      await assert.rejects(gateway().registerEcus(ecus), (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.ok(error.message.includes(`answered ${status} (${code}: no)`), error.message);
        assert.match(error.message, advice);
        return true;
      });
    }
  });

  it('asks for its certificate in the body that the contract names, and reads a server without that as none', async () => {
    server.answerOf = () => ({ status: 200, headers: {}, body: Buffer.from('PEM') });
    assert.equal(await gateway().renewCertificate(Buffer.from([1, 2])), 'PEM');
    const asked = server.requests.at(-1);
    assert.deepEqual(
      [asked?.method, asked?.path, asked?.headers['content-type']],
      ['POST', '/devices/me/certificate', 'application/pkcs10'],
    );
    for (const status of [404, 405]) {
      refuse(status, {});
      assert.equal(await gateway().renewCertificate(Buffer.from([1])), undefined);
    }
    refuse(429, { code: 'rate_limited' });
    await assert.rejects(gateway().renewCertificate(Buffer.from([1])), /answered 429 \(rate_limited\)/);
  });
});
