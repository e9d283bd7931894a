import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { fixture } from '../../test/temporary-directory.ts';
import { ProvisioningError } from '../errors.ts';
import { decrypt, macAgrees, passwordForms } from './pkcs12-ciphers.ts';
import { readPkcs12 } from './pkcs12.ts';

const FILES = [
  { name: 'ec-empty.p12', password: '', keyType: 'ec', sealed: 'AES-256 and an empty password' },
  { name: 'rsa-pass.p12', password: 'geheim', keyType: 'rsa', sealed: 'AES-256 and a password' },
  { name: 'ed-empty.p12', password: '', keyType: 'ed25519', sealed: 'AES-256, Ed25519 key' },
  { name: 'rsa-legacy.p12', password: '', keyType: 'rsa', sealed: 'RC2 and 3DES, as OpenSSL 1 writes' },
  { name: 'rsa-3des.p12', password: 'x', keyType: 'rsa', sealed: '3DES alone' },
  { name: 'ec-nomac.p12', password: '', keyType: 'ec', sealed: 'no MAC' },
  { name: 'ec-plain.p12', password: '', keyType: 'ec', sealed: 'no encryption at all' },
];

function read(name: string): Uint8Array {
  return readFileSync(fixture(`pkcs12/${name}`));
}

function refusal(bytes: Uint8Array, password: string): string {
  try {
    readPkcs12(bytes, password, 'FILE');
  } catch (error) {
    assert.ok(error instanceof ProvisioningError, String(error));
    assert.equal(error.code, 'bad_credentials');
    return error.message;
  }
  assert.fail('the file was taken');
}

describe('PKCS#12 file', () => {
  it('may come without other certificates', () => {
    assert.deepEqual(readPkcs12(read('ec-alone.p12'), '', 'FILE').chain, []);
  });

  it('may not cost hours of work', () => {
    const salted = { salt: new Uint8Array(8), iterations: 2 ** 31 };
    const [form = new Uint8Array()] = passwordForms('');
    assert.equal(
      macAgrees(
        { ...salted, digest: '2.16.840.1.101.3.4.2.1', expected: new Uint8Array(32) },
        new Uint8Array(),
        form,
      ),
      false,
    );
    const sealed = { ...salted, kind: 'pkcs12', algorithm: '1.2.840.113549.1.12.1.3' } as const;
    assert.equal(decrypt(sealed, new Uint8Array(8), '', form), undefined);
  });

  for (const { name, password, keyType, sealed } of FILES) {
    it(`opens, when it is sealed with ${sealed}`, () => {
      const { privateKey, certificate, chain } = readPkcs12(read(name), password, 'FILE');
      const key = createPrivateKey(privateKey);
      assert.equal(key.asymmetricKeyType, keyType);
      assert.match(privateKey, /^-----BEGIN PRIVATE KEY-----\n/);
      const leaf = new X509Certificate(certificate);
      assert.ok(leaf.checkPrivateKey(key));
      assert.equal(chain.length, 1);
      assert.ok(leaf.checkIssued(new X509Certificate(chain[0] ?? '')));
    });
  }

  it('is refused, when the password is wrong or missing', () => {
    assert.match(refusal(read('rsa-pass.p12'), 'other'), /^FILE does not open with this password/);
    assert.match(refusal(read('rsa-pass.p12'), ''), /^FILE needs a password \(provision\.p12_password\)/);
  });

  it('is refused in one sentence, when it is cut off, changed or something else', () => {
    const whole = read('ec-empty.p12');
    assert.match(refusal(whole.subarray(0, 700), ''), /FILE is damaged/);
    assert.match(
      refusal(
        Uint8Array.from(whole, (byte, index) => (index === 600 ? byte ^ 1 : byte)),
        '',
      ),
      /damaged/,
    );
    assert.match(refusal(Buffer.from('{"code":"error"}'), ''), /FILE is damaged or no PKCS#12 file/);
    assert.match(refusal(new Uint8Array(), ''), /FILE is damaged/);
  });

  it('is refused or opens, whatever byte of it is changed', () => {
    for (const name of ['ec-plain.p12', 'ec-empty.p12']) {
      const whole = read(name);
      for (let index = 0; index < whole.length; index += 7) {
        const changed = Uint8Array.from(whole);
        changed[index] = 255 - (changed[index] ?? 0);
        try {
          readPkcs12(changed, '', 'FILE');
        } catch (error) {
          assert.ok(error instanceof ProvisioningError, `byte ${index}: ${String(error)}`);
        }
      }
    }
  });

  it('names no secret in a refusal', () => {
    assert.doesNotMatch(refusal(read('rsa-pass.p12'), 'my-secret'), /my-secret/);
  });
});
