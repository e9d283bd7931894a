import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { TUF_KEY_KINDS, tufKey } from '@ota-connect/testkit';
import { TUF_DIALECT } from '../dialect/tuf-dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { CodedError } from '../errors.ts';
import type { JsonObject } from '../json/value.ts';
import { readKeyRing } from '../metadata/common.ts';
import { readTufKey } from './tuf-key.ts';
import { verifyHexSignature } from './verify-signature.ts';

const MESSAGE = Buffer.from('message');
const listed = (kind: (typeof TUF_KEY_KINDS)[number]): JsonObject => tufKey('a key', kind).listed;
const pem = (type: 'rsa-pss' | 'x25519'): string => {
  const { publicKey } =
    type === 'x25519' ? generateKeyPairSync(type) : generateKeyPairSync(type, { modulusLength: 2048 });
  return publicKey.export({ format: 'pem', type: 'spki' }).toString();
};
const privatePem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

describe('keys as TUF lists them', () => {
  for (const kind of TUF_KEY_KINDS) {
    it(`reads ${kind}`, () => {
      const key = readTufKey(listed(kind));
      assert.ok(key);
      assert.equal(verifyHexSignature(key, tufKey('a key', kind).sign(MESSAGE), MESSAGE), true);
      assert.equal(verifyHexSignature(key, tufKey('a key', kind).sign(MESSAGE), Buffer.of(0)), false);
      for (const junk of ['', 'zz', 'abc', '00', '00'.repeat(64)])
        assert.equal(verifyHexSignature(key, junk, MESSAGE), false);
    });

    it(`binds ${kind} to its scheme`, () => {
      const sig = tufKey('a key', kind).sign(MESSAGE);
      for (const other of TUF_KEY_KINDS) {
        if (other === kind) continue;
        const key = readTufKey({ ...listed(kind), scheme: listed(other)['scheme'] ?? '' });
        assert.equal(key !== undefined && verifyHexSignature(key, sig, MESSAGE), false, other);
      }
    });
  }

  for (const [what, key] of [
    ['the scheme of another kind', { ...listed('ed25519'), scheme: 'rsassa-pss-sha256' }],
    ['a curve that its scheme does not take', { ...listed('ecdsa-p256'), scheme: 'ecdsa-sha2-nistp384' }],
    ['another curve than its scheme takes', { ...listed('ecdsa-p384'), scheme: 'ecdsa-sha2-nistp256' }],
    ['a private key for a value', { ...listed('ecdsa-p256'), keyval: { public: privatePem } }],
    ['a key of RSA for PSS alone', { ...listed('rsa-pss-sha256'), keyval: { public: pem('rsa-pss') } }],
    ['a key that cannot sign', { ...listed('ecdsa-p256'), keyval: { public: pem('x25519') } }],
    ['no value', { ...listed('ed25519'), keyval: {} }],
    ['a value that is a number', { ...listed('ed25519'), keyval: { public: 7 } }],
  ] as const) {
    it(`cannot use a key with ${what}`, () => {
      assert.equal(readTufKey(key), undefined);
    });
  }

  it('refuses what is no key at all', () => {
    for (const value of [
      null,
      'key',
      [],
      {},
      { keytype: 'rsa' },
      { keytype: 'rsa', scheme: 'x', keyval: 'y' },
    ])
      assert.throws(() => readTufKey(value), CodedError);
  });

  it('are other keys than those of the same text in Uptane', () => {
    const keys = { id: tufKey('of both').listed };
    const [uptane] = readKeyRing(keys, 'keys', UPTANE_DIALECT).values();
    const [tuf] = readKeyRing(keys, 'keys', TUF_DIALECT).values();
    assert.equal(uptane?.scheme, undefined);
    assert.equal(tuf?.scheme, 'ed25519');
  });
});
