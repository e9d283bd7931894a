import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areListed, createHasher, hashBytes, hashesAgree, listedAlgorithms, sha256Hex } from './hashes.ts';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('hashes', () => {
  it('hashes nothing to the hash of nothing', () => {
    assert.equal(sha256Hex(new Uint8Array()), EMPTY);
    assert.equal(hashBytes(new Uint8Array()).sha256, EMPTY);
  });

  it('gives the same for a stream in pieces as for the whole', () => {
    const bytes = new Uint8Array(1000).map((_, index) => index);
    const hasher = createHasher();
    for (let at = 0; at < bytes.length; at += 7) hasher.update(bytes.subarray(at, at + 7));
    assert.deepEqual(hasher.digest(), hashBytes(bytes));
    assert.deepEqual(Object.keys(createHasher(['sha256']).digest()), ['sha256']);
  });

  it('agrees only when a common algorithm is equal and none differs', () => {
    const a = hashBytes(new Uint8Array([1]));
    const b = hashBytes(new Uint8Array([2]));
    assert.equal(hashesAgree(a, a), true);
    assert.equal(hashesAgree(a, { sha256: a.sha256.toUpperCase() }), true);
    assert.equal(hashesAgree(a, { sha256: a.sha256, sha512: b.sha512 }), false);
    assert.equal(hashesAgree({ sha256: a.sha256 }, { sha512: a.sha512 }), false);
    assert.equal(hashesAgree({}, {}), false);
  });

  it('are those that are listed, when every listed one was found, and one is', () => {
    const found = hashBytes(Buffer.from('a'));
    const other = hashBytes(Buffer.from('b'));
    assert.equal(areListed(found, { sha512: found.sha512.toUpperCase() }), true);
    assert.equal(areListed(found, { sha256: found.sha256, sha512: other.sha512 }), false);
    assert.equal(areListed({ sha256: found.sha256 }, found), false);
    assert.equal(areListed(found, {}), false);
    assert.deepEqual(listedAlgorithms({ sha512: 'x' }), ['sha512']);
    assert.deepEqual(listedAlgorithms(found), ['sha256', 'sha512']);
  });
});
