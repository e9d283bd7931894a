import { afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { TransportError } from '../src/errors.ts';
import { HttpClient } from '../src/adapters/http/client.ts';
import { fromPem, issue, type Issued } from './support/certificates.ts';

const OID_BASIC = '1.3.6.1.5.5.7.48.1.1';
const HOUR_MS = 3_600_000;
const STATUS = { good: 0, revoked: 1, unknown: 2 } as const;

describe('a server that has to bring an OCSP answer', () => {
  let authority: Issued;
  let identity: Issued;
  let device: Issued;
  const opened: { readonly server: Server; readonly client: HttpClient }[] = [];
  before(async () => {
    authority = await issue({ commonName: 'authority', isAuthority: true });
    identity = await issue({ commonName: 'localhost' }, authority);
    device = await issue({ commonName: 'device-1' }, authority);
  });
  afterEach(() => {
    for (const { server, client } of opened.splice(0)) {
      client.close();
      server.closeAllConnections();
      server.close();
    }
  });

  const ask = async (staple: Buffer | undefined) => {
    const server = createServer(
      { cert: identity.certificate, key: identity.privateKey },
      (_message, response) => response.end('ok'),
    );
    server.on('OCSPRequest', (_certificate, _issuer, answer: (error: null, staple?: Buffer) => void) =>
      answer(null, staple),
    );
    await once(server.listen(0, 'localhost'), 'listening');
    const client = new HttpClient({
      credentials: () => ({ ca: authority.certificate, ...device }),
      userAgent: 'Aktualizr/test',
      environment: {},
      attempts: 1,
      requireStaple: true,
    });
    opened.push({ server, client });
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const get = () => client.request({ method: 'GET', url, maxBytes: 10 });
    return { first: await get(), get, server };
  };
  const refusedFor = (reason: string) => (error: unknown) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.code, 'tls_refused');
    assert.equal(error.details.reason, reason);
    return true;
  };

  it('is asked, when its issuer says that the certificate is good', async () => {
    const staple = await answerOf({ identity, authority, signer: authority });
    const { first, get, server } = await ask(staple);
    assert.equal(first.status, 200);
    server.closeIdleConnections();
    assert.equal((await get()).status, 200);
  });

  it('is asked, when a responder that its issuer appointed says so', async () => {
    const responder = await issue({ commonName: 'responder', isResponder: true }, authority);
    const staple = await answerOf({ identity, authority, signer: responder });
    assert.equal((await ask(staple)).first.status, 200);
  });

  it('is asked nothing, when it brings none', async () => {
    await assert.rejects(ask(undefined), refusedFor('no_staple'));
  });

  it('is asked nothing, when the certificate was revoked', async () => {
    const staple = await answerOf({ identity, authority, signer: authority, status: 'revoked' });
    await assert.rejects(ask(staple), refusedFor('revoked'));
  });

  it('is asked nothing, when the answer knows nothing of the certificate', async () => {
    const staple = await answerOf({ identity, authority, signer: authority, status: 'unknown' });
    await assert.rejects(ask(staple), refusedFor('bad_staple'));
    const other = await answerOf({ identity: device, authority, signer: authority });
    await assert.rejects(ask(other), refusedFor('bad_staple'));
  });

  it('is asked nothing, when the answer is too old', async () => {
    const staple = await answerOf({ identity, authority, signer: authority, ageMs: 3 * HOUR_MS });
    await assert.rejects(ask(staple), refusedFor('bad_staple'));
  });

  it('is asked nothing, when somebody else signed the answer', async () => {
    const stranger = await issue({ commonName: 'stranger', isAuthority: true });
    const ofStranger = await answerOf({ identity, authority, signer: stranger });
    await assert.rejects(ask(ofStranger), refusedFor('bad_staple'));
    const notAppointed = await issue({ commonName: 'another server' }, authority);
    const ofServer = await answerOf({ identity, authority, signer: notAppointed });
    await assert.rejects(ask(ofServer), refusedFor('bad_staple'));
  });

  it('is asked nothing, when the answer cannot be read', async () => {
    await assert.rejects(ask(Buffer.from('<html>')), refusedFor('bad_staple'));
  });
});

type Plan = {
  readonly identity: Issued;
  readonly authority: Issued;
  readonly signer: Issued;
  readonly status?: keyof typeof STATUS;
  readonly ageMs?: number;
};

async function answerOf({ identity, authority, signer, status = 'good', ageMs = 0 }: Plan): Promise<Buffer> {
  const certificate = pkijs.Certificate.fromBER(fromPem(identity.certificate));
  const issuer = pkijs.Certificate.fromBER(fromPem(authority.certificate));
  const by = pkijs.Certificate.fromBER(fromPem(signer.certificate));
  const at = Date.now() - ageMs;
  const certID = new pkijs.CertID();
  await certID.createForCertificate(certificate, { hashAlgorithm: 'SHA-1', issuerCertificate: issuer });
  const isConstructed = STATUS[status] === STATUS.revoked;
  const idBlock = { tagClass: 3, tagNumber: STATUS[status] };
  const certStatus = isConstructed
    ? new asn1js.Constructed({ idBlock, value: [new asn1js.GeneralizedTime({ valueDate: new Date(at) })] })
    : new asn1js.Primitive({ idBlock });
  const basic = new pkijs.BasicOCSPResponse({
    tbsResponseData: new pkijs.ResponseData({
      responderID: by.subject,
      producedAt: new Date(at),
      responses: [
        new pkijs.SingleResponse({
          certID,
          certStatus,
          thisUpdate: new Date(at),
          nextUpdate: new Date(at + HOUR_MS),
        }),
      ],
    }),
    certs: [by],
  });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await webcrypto.subtle.importKey('pkcs8', fromPem(signer.privateKey), algorithm, false, [
    'sign',
  ]);
  await basic.sign(key as CryptoKey, 'SHA-256');
  const response = new pkijs.OCSPResponse({
    responseStatus: new asn1js.Enumerated({ value: 0 }),
    responseBytes: new pkijs.ResponseBytes({
      responseType: OID_BASIC,
      response: new asn1js.OctetString({ valueHex: basic.toSchema().toBER(false) }),
    }),
  });
  return Buffer.from(response.toSchema().toBER(false));
}
