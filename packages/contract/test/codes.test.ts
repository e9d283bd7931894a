import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { PROBLEMS, isProblemCode, isResultCode, readProblem, resultNumber } from '../src/index.ts';
import { decodeInstalledPackages, decodeNetworkInfo, encodeTargetName } from '../src/device/index.ts';

describe('result codes', () => {
  it('carry the numbers that devices store', () => {
    assert.equal(resultNumber('NEED_COMPLETION'), 21);
    assert.equal(resultNumber('OK'), 0);
  });

  it('count a text that is not listed as UNKNOWN, names of Object members too', () => {
    assert.equal(resultNumber('motor:INSTALL_FAILED'), -1);
    assert.equal(isResultCode('constructor'), false);
  });
});

describe('problem documents', () => {
  it('have an error status for every code', () => {
    for (const [code, { status }] of Object.entries(PROBLEMS)) assert.ok(status >= 400 && status < 600, code);
    assert.equal(isProblemCode('toString'), false);
  });

  it('are read with detail first, then the description of the original', () => {
    assert.deepEqual(readProblem({ code: 'a', detail: 'b', description: 'c' }), { code: 'a', detail: 'b' });
    assert.deepEqual(readProblem({ code: 'a', description: 'c' }), { code: 'a', detail: 'c' });
  });

  for (const body of [undefined, null, [], 'text', {}, { code: 7 }]) {
    it(`are not seen in ${JSON.stringify(body)}`, () => {
      assert.equal(readProblem(body), undefined);
    });
  }
});

describe('target names in URLs', () => {
  it('keep unreserved characters and slashes, write other bytes as upper-case %XX', () => {
    assert.equal(encodeTargetName('a/b-1.2_3~/ü +?#%'), 'a/b-1.2_3~/%C3%BC%20%2B%3F%23%25');
  });
});

describe('device data bodies', () => {
  it('read installed packages', () => {
    assert.deepEqual(decodeInstalledPackages([{ name: 'busybox', version: '1.36' }, { name: 'x' }]), [
      { name: 'busybox', version: '1.36' },
      { name: 'x', version: '' },
    ]);
    assert.throws(() => decodeInstalledPackages([{ version: '1' }]), /\[0\]\.name/);
  });

  it('read the network of a device without a route', () => {
    assert.deepEqual(decodeNetworkInfo({}), { local_ipv4: '', mac: '', hostname: '' });
  });
});

describe('the device side of the contract', () => {
  it('loads no library, since a device loads it at every start', () => {
    const folder = new URL('../src/device/', import.meta.url);
    for (const file of readdirSync(folder)) {
      const imports = readFileSync(new URL(file, folder), 'utf8').matchAll(/from '([^']+)'/g);
      for (const [, from] of imports) assert.match(from ?? '', /^\.{1,2}\/(?!user)/, file);
    }
  });
});
