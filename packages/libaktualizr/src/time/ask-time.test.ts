import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetadataError } from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import { askTime } from './ask-time.ts';

describe('a Director that cannot be asked for the time', () => {
  it('is named in the refusal, with the time and why', async () => {
    const cause = new TransportError('unreachable', 'No answer came.');
    const error = await askTime({ attestedTime: () => Promise.reject(cause) }, '00').catch(
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof MetadataError);
    assert.deepEqual([error.role, error.repository, error.cause], ['Time', 'director', cause]);
    assert.equal(error.wireCode, 'MetadataFetchFailure::Time::Director');
  });
});
