import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { findEngines } from './openssl-engine.ts';

describe('the pkcs11 engine of OpenSSL', () => {
  it('is found where distributions keep it, and before that where the environment says', () => {
    const there = new Set(['/usr/lib/engines-3/pkcs11.so', '/opt/engines/pkcs11.so']);
    const exists = (file: string) => there.has(file);
    assert.equal(findEngines(undefined, exists), '/usr/lib/engines-3');
    assert.equal(findEngines('/opt/engines', exists), '/opt/engines');
    assert.equal(findEngines('/nowhere', exists), '/usr/lib/engines-3');
  });

  it('that is not there is named with the package that brings it', () => {
    const none = () => findEngines(undefined, () => false);
    assert.throws(none, {
      code: 'no_engine',
      message: /there is no pkcs11\.so in .*libengine-pkcs11-openssl/,
    });
  });
});
