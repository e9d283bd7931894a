import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { originOf, titleOf } from './origin.ts';

describe('the origin of a document', () => {
  it('is its role and, where it is known, the repository', () => {
    assert.deepEqual(originOf({ role: 'root' }), { role: 'Root' });
    assert.deepEqual(originOf({ role: { delegation: 'a' }, repository: 'image' }), {
      role: 'a',
      repository: 'image',
    });
  });

  it('is the one repository of a plain TUF client, or one of two', () => {
    assert.equal(titleOf('plain'), 'the repository');
    assert.equal(titleOf('director'), 'the director repository');
  });
});
