import assert from 'node:assert/strict';
import {
  constants,
  createPublicKey,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import { describe, it } from 'node:test';
import { CodedError } from '../errors.ts';
import { parseEnvelope } from '../metadata/envelope.ts';
import { jsonObject, type JsonValue } from '../json/value.ts';
import { generateKeyPair } from './generate-key-pair.ts';
import { clientKeyId, isSameKey, repositoryKeyId } from './key-id.ts';
import { parsePublicKey } from './public-key.ts';
import { createSigner, signEnvelope } from './signer.ts';
import { verifySignature } from './verify-signature.ts';

const MESSAGE = new TextEncoder().encode('message');
const ED_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const refused = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;
const wire = (keytype: string, text: string): JsonValue => ({ keytype, keyval: { public: text } });

/** What this RSA key signs with other parameters than ours. */
function rsaSignature(privateKey: string, hash: string, options: { padding: number; saltLength?: number }) {
  return {
    method: 'rsassa-pss',
    sig: new Uint8Array(sign(hash, MESSAGE, { key: privateKey, ...options })).toBase64(),
  };
}

describe('keys', () => {
  for (const type of ['ED25519', 'RSA2048', 'RSA3072', 'RSA4096'] as const) {
    it(`${type}: generates, signs, verifies, and notices a change`, async () => {
      const { publicKey, privateKey } = await generateKeyPair(type);
      const signer = createSigner(publicKey, privateKey);
      const sig = (await signer.sign(MESSAGE)).toBase64();
      const signature = { method: signer.method, sig };
      const received = parsePublicKey(wire(publicKey.keytype, publicKey.keyval.public));
      assert.equal(verifySignature(received, signature, MESSAGE), true);
      assert.equal(verifySignature(received, signature, new Uint8Array([...MESSAGE, 0])), false);
      assert.equal(signer.keyId, clientKeyId(publicKey));
    });
  }

  it('writes key pairs in the original’s text forms', async () => {
    const ed = await generateKeyPair('ED25519');
    assert.match(ed.publicKey.keyval.public, /^[0-9A-F]{64}$/);
    assert.match(ed.privateKey, /^[0-9A-F]{128}$/);
    assert.equal(ed.privateKey.slice(64), ed.publicKey.keyval.public);
    const rsa = await generateKeyPair('RSA2048');
    assert.match(rsa.publicKey.keyval.public, /^-----BEGIN PUBLIC KEY-----\n[^]*\n$/);
    assert.match(rsa.privateKey, /^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  it('reads the key type in any case and keeps the text as received', async () => {
    const { publicKey } = await generateKeyPair('ED25519');
    const key = parsePublicKey(wire('ed25519', publicKey.keyval.public));
    assert.deepEqual(key, publicKey);
    const lower = parsePublicKey(wire('Ed25519', publicKey.keyval.public.toLowerCase()));
    assert.notEqual(clientKeyId(lower), clientKeyId(key));
    assert.equal(repositoryKeyId(lower), repositoryKeyId(key));
    assert.equal(isSameKey(lower, key), true);
  });

  it('leaves trailing newlines out of the client’s key id', async () => {
    const { publicKey } = await generateKeyPair('RSA2048');
    const more = parsePublicKey(wire('RSA', `${publicKey.keyval.public}\n\n`));
    assert.equal(clientKeyId(more), clientKeyId(publicKey));
  });

  const P = 2n ** 255n - 19n;
  const littleEndian = (y: bigint): string =>
    Uint8Array.fromHex(y.toString(16).padStart(64, '0')).toReversed().toHex();
  const SMALL = ['00'.repeat(32), `01${'00'.repeat(31)}`, littleEndian(P - 1n)].concat([
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ]);
  for (const point of SMALL) {
    it(`refuses the Ed25519 point of small order ${point.slice(0, 8)}…${point.slice(-2)}`, () => {
      assert.throws(() => parsePublicKey(wire('ED25519', point)), refused('weak_key'));
    });
  }

  it('refuses Ed25519 keys of odd length, with strange digits or not in canonical form', () => {
    for (const text of ['', 'ab'.repeat(31), 'ab'.repeat(33), `${'ab'.repeat(31)}zz`, littleEndian(P + 3n)]) {
      assert.throws(() => parsePublicKey(wire('ED25519', text)), refused('malformed_key'));
    }
  });

  it('refuses RSA keys that are short, of another kind, private, or no key', () => {
    const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    assert.throws(() => parsePublicKey(wire('RSA', pem(short.publicKey))), refused('weak_key'));
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    assert.throws(() => parsePublicKey(wire('RSA', pem(ec.publicKey))), refused('malformed_key'));
    const secret = String(short.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    assert.throws(() => parsePublicKey(wire('RSA', secret)), refused('malformed_key'));
    for (const text of ['', 'x', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n']) {
      assert.throws(() => parsePublicKey(wire('RSA', text)), refused('malformed_key'));
    }
    assert.throws(() => parsePublicKey(wire('ECPRIME256V1', 'x')), refused('unsupported_key_type'));
  });

  it('refuses RSA exponents that make each check of a signature dear', () => {
    const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const parse = (exponent: bigint) => () => {
      const hex = exponent.toString(16);
      const e = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
      const key = createPublicKey({ key: { kty: 'RSA', n: n ?? '', e }, format: 'jwk' });
      return parsePublicKey(wire('RSA', String(key.export({ type: 'spki', format: 'pem' }))));
    };
    for (const usual of [3n, 65537n, 2n ** 32n - 1n]) assert.doesNotThrow(parse(usual));
    for (const dear of [2n ** 32n + 1n, 2n ** 2000n + 1n]) assert.throws(parse(dear), refused('weak_key'));
  });

  it('accepts any salt length and refuses SHA-1, SHA-512 and PKCS#1 v1.5 signatures', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RSA2048');
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING };
    const holds = (signature: { method: string; sig: string }): boolean =>
      verifySignature(publicKey, signature, MESSAGE);
    for (const saltLength of [0, 20, 32, 64])
      assert.equal(holds(rsaSignature(privateKey, 'sha256', { ...pss, saltLength })), true);
    assert.equal(holds(rsaSignature(privateKey, 'sha1', pss)), false);
    assert.equal(holds(rsaSignature(privateKey, 'sha512', pss)), false);
    assert.equal(holds(rsaSignature(privateKey, 'sha256', { padding: constants.RSA_PKCS1_PADDING })), false);
  });

  it('refuses an Ed25519 signature whose S is not reduced', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const signature = await createSigner(publicKey, privateKey).sign(MESSAGE);
    const s = BigInt(`0x${signature.subarray(32).toReversed().toHex()}`) + ED_ORDER;
    const malleated = new Uint8Array([...signature.subarray(0, 32), ...Uint8Array.fromHex(littleEndian(s))]);
    assert.equal(verifySignature(publicKey, { method: 'ed25519', sig: signature.toBase64() }, MESSAGE), true);
    assert.equal(
      verifySignature(publicKey, { method: 'ed25519', sig: malleated.toBase64() }, MESSAGE),
      false,
    );
  });

  it('says no to malformed signatures and to methods of the other kind', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const sig = (await createSigner(publicKey, privateKey).sign(MESSAGE)).toBase64();
    for (const bad of ['', '!', 'AAAA', `${sig}${sig}`, sig.slice(4)]) {
      assert.equal(verifySignature(publicKey, { method: 'ed25519', sig: bad }, MESSAGE), false);
    }
    for (const method of ['rsassa-pss', 'rsassa-pss-sha256', 'none', '']) {
      assert.equal(verifySignature(publicKey, { method, sig }, MESSAGE), false);
    }
    assert.equal(verifySignature(publicKey, { method: 'Ed25519', sig }, MESSAGE), true);
  });

  it('refuses private keys that are unreadable or belong to another public key, without quoting them', async () => {
    const one = await generateKeyPair('RSA2048');
    const other = await generateKeyPair('RSA2048');
    const ed = await generateKeyPair('ED25519');
    const secret = 'correct horse battery staple';
    assert.throws(() => createSigner(one.publicKey, other.privateKey), refused('key_halves_differ'));
    for (const key of [one.publicKey, ed.publicKey]) {
      assert.throws(
        () => createSigner(key, secret),
        (error) =>
          error instanceof CodedError &&
          error.code === 'malformed_key' &&
          !String(error.stack).includes(secret),
      );
    }
    const pkcs8 = String(createPrivateKey(one.privateKey).export({ type: 'pkcs8', format: 'pem' }));
    assert.equal(createSigner(one.publicKey, pkcs8).method, 'rsassa-pss');
  });

  it('signs an envelope over the canonical form, with every signer [5.2.1-2]', async () => {
    const pairs = [await generateKeyPair('ED25519'), await generateKeyPair('RSA2048')];
    const signers = pairs.map((pair) => createSigner(pair.publicKey, pair.privateKey));
    const bytes = await signEnvelope(
      jsonObject([
        ['b', 1],
        ['_type', 'Root'],
        ['a', '\u00fc'],
      ]),
      signers,
    );
    const envelope = parseEnvelope(bytes, { role: 'root' });
    assert.equal(new TextDecoder().decode(envelope.signedBytes), '{"_type":"Root","a":"\\u00fc","b":1}');
    for (const [index, pair] of pairs.entries()) {
      const signature = envelope.signatures[index];
      assert.ok(signature && verifySignature(pair.publicKey, signature, envelope.signedBytes));
    }
  });
});
