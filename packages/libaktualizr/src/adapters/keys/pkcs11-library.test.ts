import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { TokenError } from '../../errors.ts';
import { spareLastTry, tokenError } from './pkcs11-library.ts';

/** As pkcs11js throws them. */
function answer(name: string, code: number): Error {
  return Object.assign(new Error(name), { code });
}

describe('errors of a token', () => {
  for (const [name, code, expected, words] of [
    ['CKR_PIN_INCORRECT', 0xa0, 'wrong_pin', /does not take the PIN \(p11\.pass\)/],
    ['CKR_PIN_LEN_RANGE', 0xa2, 'wrong_pin', /length/],
    ['CKR_PIN_LOCKED', 0xa4, 'pin_locked', /is locked after too many wrong PINs/],
    ['CKR_TOKEN_NOT_PRESENT', 0xe0, 'no_token', /is not there/],
    ['CKR_DEVICE_ERROR', 0x30, 'failed', /answers CKR_DEVICE_ERROR/],
  ] as const) {
    it(`have names: ${name}`, () => {
      const error = tokenError(answer(name, code), '/lib/module.so');
      assert.ok(error instanceof TokenError);
      assert.equal(error.code, expected);
      assert.match(error.message, words);
      assert.match(error.message, /\/lib\/module\.so/);
    });
  }

  it('of no token stay what they are', () => {
    const defect = new TypeError('x is not a function');
    assert.equal(tokenError(defect, 'x'), defect);
    const named = new TokenError('no_object', 'gone');
    assert.equal(tokenError(named, 'x'), named);
  });
});

describe('the PIN of a token', () => {
  it('is not tried when it is locked, or would be by one more mistake', () => {
    for (const flags of [0x40000, 0x20000, 0x60000 | 0x400])
      assert.throws(() => spareLastTry(flags, 'm'), { code: 'pin_locked' });
  });

  it('is tried as long as a person has tries left', () => {
    for (const flags of [0, 0x400, 0x10000]) assert.doesNotThrow(() => spareLastTry(flags, 'm'));
  });
});
