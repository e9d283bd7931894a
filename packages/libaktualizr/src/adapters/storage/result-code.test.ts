import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readResultCode, storedResultCode } from './result-code.ts';

const STORED: readonly (readonly [code: string, stored: string])[] = [
  ['OK', '"OK":0'],
  ['NEED_COMPLETION', '"NEED_COMPLETION":21'],
  ['UNKNOWN', '"UNKNOWN":-1'],
  ['gateway-x:INSTALL_FAILED', '"gateway-x:INSTALL_FAILED":4'],
  ['a:INSTALL_FAILED|b:INTERNAL_ERROR', '"a:INSTALL_FAILED|b:INTERNAL_ERROR":4'],
  ['a:VERIFICATION_FAILED', '"a:VERIFICATION_FAILED":3'],
  ['OUR_OWN_CODE', '"OUR_OWN_CODE":22'],
];

describe('stored result code', () => {
  for (const [code, stored] of STORED) {
    it(`is ${stored}, and reads back`, () => {
      assert.equal(storedResultCode(code), stored);
      assert.equal(readResultCode(stored), code);
    });
  }

  it('is read in the older form without quotes', () => {
    assert.equal(readResultCode('INSTALL_FAILED:4'), 'INSTALL_FAILED');
  });

  it('never breaks its own quotes', () => {
    assert.equal(readResultCode(storedResultCode('say "no"')), "say 'no'");
  });

  it('is UNKNOWN, when nobody can read it', () => {
    assert.equal(readResultCode('nonsense'), 'UNKNOWN');
    assert.equal(readResultCode(''), 'UNKNOWN');
  });
});
