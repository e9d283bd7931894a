import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Config } from './config.ts';
import { defaultConfig } from './defaults.ts';
import { placesInToken, tokenProblems } from './token-config.ts';

type Changes = { readonly [section in 'p11' | 'tls' | 'uptane' | 'provision']?: object };

function config(changes: Changes): Config {
  const base = defaultConfig();
  const changed = Object.entries(changes).map(([section, keys]) => [
    section,
    { ...base[section as keyof Changes], ...keys },
  ]);
  return { ...base, ...Object.fromEntries(changed) };
}

const TOKEN = { module: '/usr/lib/module.so', uptaneKeyId: '03', tlsPkeyId: '02', tlsClientcertId: '01' };
const IN_TOKEN = {
  tls: { pkeySource: 'pkcs11', certSource: 'pkcs11' },
  uptane: { keySource: 'pkcs11' },
} as const;

function problems(changes: Changes): string {
  return tokenProblems(config(changes))
    .map(({ message }) => message)
    .join('\n');
}

describe('keys in a token', () => {
  it('are nothing to think of, when all sources are files', () => {
    assert.deepEqual(placesInToken(config({})), []);
    assert.equal(problems({ p11: { uptaneKeyId: 'no hexadecimal' } }), '');
  });

  it('are described in full by module and ids', () => {
    assert.equal(problems({ ...IN_TOKEN, p11: TOKEN }), '');
    assert.equal(placesInToken(config(IN_TOKEN)).length, 3);
  });

  it('need a module and the id of each object, in hexadecimal', () => {
    assert.match(problems({ ...IN_TOKEN, p11: { ...TOKEN, module: '' } }), /p11\.module has to name/);
    assert.match(problems({ ...IN_TOKEN, p11: { ...TOKEN, tlsPkeyId: '' } }), /p11\.tls_pkey_id has to say/);
    for (const id of ['3', 'zz', '0x03', '03 04'])
      assert.match(
        problems({ ...IN_TOKEN, p11: { ...TOKEN, uptaneKeyId: id } }),
        /uptane_key_id ".*" is no id/,
      );
  });

  it('contradict shared credentials, for which the server makes the key, and Ed25519', () => {
    assert.match(
      problems({ ...IN_TOKEN, p11: TOKEN, provision: { mode: 'SharedCred' } }),
      /use device credentials/,
    );
    assert.match(
      problems({ p11: TOKEN, uptane: { keySource: 'pkcs11', keyType: 'ED25519' } }),
      /ED25519" is not supported with/,
    );
    assert.equal(
      problems({ p11: TOKEN, uptane: { keySource: 'pkcs11' }, provision: { mode: 'SharedCred' } }),
      '',
    );
  });
});
