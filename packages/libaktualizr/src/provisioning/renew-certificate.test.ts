import assert from 'node:assert/strict';
import { createPrivateKey, createSign, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';

import { instantFromMs } from '@ota-connect/uptane';
import * as pkijs from 'pkijs';

import { issue, issueFor, type Issued } from '../../test/support/certificates.ts';
import { defaultConfig } from '../config/defaults.ts';
import { TransportError } from '../errors.ts';
import type { TlsCredentials } from '../ports.ts';
import { createRenewal } from './renew-certificate.ts';

const DAY_MS = 86_400_000;

type Plan = {
  readonly days?: number;
  readonly renewBeforeDays?: number;
  readonly inToken?: 'key' | 'certificate';
  /** What the server answers to a request; a certificate for 90 days when absent. */
  readonly answer?: (request: Uint8Array) => Promise<string | undefined>;
  /** What it says to the new certificate. */
  readonly onProof?: () => void;
  readonly verifiedAt?: number;
};

/** A device whose certificate lasts `days`, and a server that renews it. */
async function device({ days = 10, renewBeforeDays = 30, inToken, ...plan }: Plan = {}) {
  const authority = await issue({ commonName: 'fleet', isAuthority: true });
  const old = await issue({ commonName: 'car', days }, authority);
  let stored: TlsCredentials = { ca: authority.certificate, ...old };
  const base = defaultConfig();
  const log: string[] = [];
  const details: string[] = [];
  const requests: Uint8Array[] = [];
  const proofs: TlsCredentials[] = [];
  const flags = new Map<string, string>();
  const clock = { nowMs: Date.now() };
  const renewal = () =>
    createRenewal({
      config: {
        tls: { ...base.tls, certSource: inToken === 'certificate' ? 'pkcs11' : 'file' },
        provision: { ...base.provision, renewBeforeDays },
      },
      storage: {
        credentials: {
          tls: () => stored,
          parts: () => stored,
          saveTls: (next) => void (stored = { ...stored, ...next }),
        },
        time: {
          verified: () => (plan.verifiedAt === undefined ? undefined : instantFromMs(plan.verifiedAt)),
        } as never,
        flags: { get: (name) => flags.get(name), set: (name, value) => void flags.set(name, value) },
      },
      clock: { now: () => clock.nowMs },
      gateway: {
        renewCertificate: async (request) => {
          requests.push(request);
          return plan.answer === undefined ? renewedBy(authority, request, 90) : plan.answer(request);
        },
      },
      gatewayAs: (credentials) => ({
        attestedTime: async () => {
          proofs.push(credentials);
          plan.onProof?.();
          return 'absent';
        },
      }),
      ...(inToken === 'key'
        ? { tokenSignature: (message) => createSign('sha256').update(message).sign(old.privateKey) }
        : {}),
      log: (level, message) => void (level === 'debug' ? details : log).push(`${level}: ${message}`),
    });
  return { old, authority, stored: () => stored, log, details, requests, proofs, flags, clock, renewal };
}

async function renewedBy(
  authority: Issued,
  request: Uint8Array,
  days: number,
  name = 'car',
): Promise<string> {
  const { subjectPublicKeyInfo } = pkijs.CertificationRequest.fromBER(new Uint8Array(request).buffer);
  return issueFor({ commonName: name, days }, authority, subjectPublicKeyInfo);
}

describe('renewal of the certificate of a device', () => {
  it('is nothing and no network, as long as the certificate lasts, or when it is switched off', async () => {
    for (const plan of [{ days: 60 }, { days: 10, renewBeforeDays: 0 }, { days: 40, renewBeforeDays: 30 }]) {
      const { requests, log, renewal } = await device(plan);
      await renewal()();
      assert.deepEqual([requests.length, log.length], [0, 0]);
    }
  });

  it('takes one that ends in the same second, as a server gives it right after the first', async () => {
    let authority: Issued | undefined;
    const fresh = await device({
      days: 5,
      answer: async (request) => {
        const issuer = authority ?? assert.fail();
        const end = new X509Certificate(fresh.old.certificate).validToDate.getTime();
        return renewedBy(issuer, request, (end - Date.now() + 500) / DAY_MS);
      },
    });
    ({ authority } = fresh);
    await fresh.renewal()();
    assert.notEqual(fresh.stored().certificate, fresh.old.certificate);
    const [before, after] = [fresh.old, fresh.stored()].map(
      ({ certificate }) => new X509Certificate(certificate).validTo,
    );
    assert.equal(before, after);
  });

  it('begins with a line on the certificate, told once for each', async () => {
    const { details, renewal } = await device();
    const renew = renewal();
    for (let time = 0; time < 3; time += 1) await renew();
    assert.equal(details.length, 2);
    assert.match(
      details[0] ?? '',
      /^debug: The certificate of this device: CN=car; issued by CN=fleet; valid until/,
    );
  });

  it('makes a new key, proves the answer and stores both; then there is nothing to do', async () => {
    const { old, stored, log, requests, proofs, renewal } = await device();
    const renew = renewal();
    await renew();
    const { certificate, privateKey } = stored();
    assert.ok(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey)));
    assert.notEqual(privateKey, old.privateKey);
    assert.deepEqual(proofs, [stored()]);
    assert.match(log.join(), /^info: The certificate of this device was renewed; it is valid until 20/);
    await renew();
    assert.equal(requests.length, 1);
  });

  it('sends a request that is signed by the key it is about, under the name of the device', async () => {
    const { requests, renewal } = await device();
    await renewal()();
    const request = pkijs.CertificationRequest.fromBER(new Uint8Array(requests[0] ?? []).buffer);
    assert.equal(await request.verify(), true);
    const [name] = request.subject.typesAndValues;
    assert.equal(name?.value.valueBlock.value, 'car');
  });

  it('keeps a key that is in a token, which signs the request', async () => {
    const { old, stored, requests, renewal } = await device({ inToken: 'key' });
    await renewal()();
    const request = pkijs.CertificationRequest.fromBER(new Uint8Array(requests[0] ?? []).buffer);
    assert.equal(await request.verify(), true);
    assert.equal(stored().privateKey, '');
    assert.ok(new X509Certificate(stored().certificate).checkPrivateKey(createPrivateKey(old.privateKey)));
  });

  it('leaves a certificate in a token to a person, once', async () => {
    const { requests, log, renewal } = await device({ inToken: 'certificate' });
    const renew = renewal();
    await renew();
    await renew();
    assert.equal(requests.length, 0);
    assert.match(log.join('|'), /^warning: [^|]*It is in the token[^|]*$/);
  });

  it('asks a server that renews none once until the next start', async () => {
    const { old, stored, requests, log, clock, renewal } = await device({ answer: async () => undefined });
    const renew = renewal();
    await renew();
    clock.nowMs += DAY_MS;
    await renew();
    assert.equal(requests.length, 1);
    assert.match(log.join(), /the server renews none/);
    assert.equal(stored().certificate, old.certificate);
    await renewal()();
    assert.equal(requests.length, 2);
  });

  it('keeps the old identity and tries again after an hour, whatever goes wrong', async () => {
    const unreachable = async () => {
      throw new TransportError('unreachable', 'The server cannot be reached.');
    };
    const other = await issue({ commonName: 'car', days: 90 });
    const shorter = (authority: Issued) => (request: Uint8Array) => renewedBy(authority, request, 5);
    const another = (authority: Issued) => (request: Uint8Array) => renewedBy(authority, request, 90, 'bus');
    const answers: readonly (readonly [RegExp, (authority: Issued) => NonNullable<Plan['answer']>])[] = [
      [/cannot be reached/, () => unreachable],
      [/no certificate/, () => async () => '<html>'],
      [/somebody else/, () => async () => other.certificate],
      [/somebody else/, another],
      [/ends before the present one/, shorter],
    ];
    for (const [words, answerOf] of answers) {
      let answer: Plan['answer'];
      const { authority, old, stored, requests, log, clock, renewal } = await device({
        answer: (request) => answer?.(request) ?? Promise.resolve(undefined),
      });
      answer = answerOf(authority);
      const renew = renewal();
      await renew();
      assert.match(log.join(), words);
      assert.equal(stored().certificate, old.certificate);
      await renew();
      assert.equal(requests.length, 1);
      clock.nowMs += DAY_MS / 24;
      await renew();
      assert.equal(requests.length, 2);
    }
  });

  it('keeps the old identity, when the server does not take the new one', async () => {
    for (const error of [
      new TransportError('tls_refused', 'refused'),
      new TransportError('http_status', 'refused', { details: { status: 403 } }),
    ]) {
      const { old, stored, log, renewal } = await device({
        onProof: () => {
          throw error;
        },
      });
      await renewal()();
      assert.equal(stored().certificate, old.certificate);
      assert.match(log.join(), /could not be renewed/);
    }
  });

  it('takes the new identity, when the server has another answer than a refusal', async () => {
    const { old, stored, renewal } = await device({
      onProof: () => {
        throw new TransportError('http_status', 'busy', { details: { status: 503 } });
      },
    });
    await renewal()();
    assert.notEqual(stored().certificate, old.certificate);
  });

  it('of one that always lasts shorter than it should waits for half of what is left, over restarts', async () => {
    let authority: Issued | undefined;
    const short = await device({
      days: 1,
      answer: (request) => renewedBy(authority ?? assert.fail(), request, 2),
    });
    ({ authority } = short);
    await short.renewal()();
    await short.renewal()();
    assert.equal(short.requests.length, 1);
    short.clock.nowMs += 1.1 * DAY_MS;
    await short.renewal()();
    assert.equal(short.requests.length, 2);
  });

  it('is not put off by a time that a clock of ten years ahead has noted', async () => {
    const { requests, flags, renewal } = await device();
    flags.set('renewal_not_before', String(Date.now() + 3650 * DAY_MS));
    await renewal()();
    assert.equal(requests.length, 1);
  });

  it('is not put off until a clock that was ten years ahead is right again', async () => {
    const { requests, clock, renewal } = await device({
      answer: async () => {
        throw new TransportError('unreachable', 'The server cannot be reached.');
      },
    });
    const renew = renewal();
    clock.nowMs += 3650 * DAY_MS;
    await renew();
    clock.nowMs -= 3650 * DAY_MS;
    await renew();
    await renew();
    assert.equal(requests.length, 2);
  });

  it('goes by the latest time under which metadata held, when the clock stands at 1970', async () => {
    const { requests, clock, renewal } = await device({ verifiedAt: Date.now() });
    clock.nowMs = 0;
    await renewal()();
    assert.equal(requests.length, 1);
  });

  it('says that a certificate has expired, and what to do', async () => {
    const { log, renewal } = await device({
      days: -1,
      answer: async () => {
        throw new TransportError('tls_refused', 'https://x refuses the certificate of this device.');
      },
    });
    await renewal()();
    assert.match(log.join(), /The certificate of this device expired on 20.*needs new credentials/);
  });
});
