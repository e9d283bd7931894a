import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateKeyPair, type KeyType } from './generate-key-pair.ts';
import { createSigner } from './signer.ts';
import { verifySignature } from './verify-signature.ts';

describe('a signature that held before', () => {
  for (const type of ['ED25519', 'RSA2048'] as const satisfies readonly KeyType[]) {
    it(`holds for no other message, key or method (${type})`, async () => {
      const [pair, other] = [await generateKeyPair(type), await generateKeyPair(type)];
      const signer = createSigner(pair.publicKey, pair.privateKey);
      const message = new TextEncoder().encode('message');
      const sig = (await signer.sign(message)).toBase64();
      const { method } = signer;
      const changedSig = `${sig.startsWith('A') ? 'B' : 'A'}${sig.slice(1)}`;
      for (let round = 0; round < 3; round += 1) {
        assert.ok(verifySignature(pair.publicKey, { method, sig }, message));
        assert.equal(verifySignature(other.publicKey, { method, sig }, message), false);
        assert.equal(verifySignature(pair.publicKey, { method: 'none', sig }, message), false);
        assert.equal(verifySignature(pair.publicKey, { method, sig: changedSig }, message), false);
        for (let at = 0; at < message.length; at += 1) {
          const changed = message.with(at, 0);
          assert.equal(verifySignature(pair.publicKey, { method, sig }, changed), false);
        }
      }
    });
  }

  it('may be of any number of documents, of any size', async () => {
    const pair = await generateKeyPair('ED25519');
    const signer = createSigner(pair.publicKey, pair.privateKey);
    for (let count = 0; count < 40; count += 1) {
      const message = new Uint8Array(count * 5000).fill(count);
      const signature = { method: signer.method, sig: (await signer.sign(message)).toBase64() };
      assert.ok(verifySignature(pair.publicKey, signature, message));
      assert.ok(verifySignature(pair.publicKey, signature, message));
    }
  });
});
