import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError, MetadataError } from './errors.ts';

describe('MetadataError', () => {
  it('writes its wire code by the closed set', () => {
    const at = { role: 'Targets', repository: 'director' } as const;
    assert.equal(new MetadataError('UnmetThreshold', 'x', at).wireCode, 'UnmetThreshold::Targets');
    assert.equal(new MetadataError('BadKeyId', 'x', at).wireCode, 'BadKeyId');
    assert.equal(
      new MetadataError('MetadataFetchFailure', 'x', at).wireCode,
      'MetadataFetchFailure::Targets::Director',
    );
    const image = { role: 'supplier', repository: 'image' } as const;
    assert.equal(
      new MetadataError('MetadataFetchFailure', 'x', image).wireCode,
      'MetadataFetchFailure::supplier::Image',
    );
    assert.equal(new MetadataError('TargetMismatch', 'x').wireCode, 'TargetMismatch');
  });

  it('is of one line and well-formed, whatever a role is named', () => {
    const role = 'a\nb\u001b[31m\ud83d';
    const error = new MetadataError('UnmetThreshold', `${role} is not signed.`, { role });
    assert.equal(error.message, 'a?b?[31m? is not signed.');
    assert.equal(error.wireCode, 'UnmetThreshold::a?b?[31m?');
    assert.equal(error.role, role);
  });

  it('names the attack and keeps the cause [full_verification/16]', () => {
    const cause = new Error('below');
    const error = new MetadataError('ExpiredMetadata', 'x', { role: 'Root', cause });
    assert.equal(error.attack, 'freeze');
    assert.equal(error.cause, cause);
    assert.equal(error.family, 'MetadataError');
    assert.ok(error instanceof CodedError);
    assert.equal('cause' in new CodedError('F', 'c', 'm'), false);
  });
});
