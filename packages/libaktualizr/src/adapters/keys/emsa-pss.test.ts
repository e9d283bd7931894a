import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, privateEncrypt, randomBytes, verify } from 'node:crypto';
import { describe, it } from 'node:test';

import { emsaPss } from './emsa-pss.ts';

describe('the padding of RSASSA-PSS', () => {
  for (const bits of [2048, 3072]) {
    it(`makes a block that RSA of ${bits} bits turns into a signature that others verify`, () => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
      const message = randomBytes(100);
      const hash = createHash('sha256').update(message).digest();
      const block = emsaPss(hash, randomBytes(32), bits);
      const signature = privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block);
      const scheme = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      assert.equal(verify('sha256', message, scheme, signature), true);
      signature[10] = (signature[10] ?? 0) ^ 1;
      assert.equal(verify('sha256', message, scheme, signature), false);
    });
  }
});
