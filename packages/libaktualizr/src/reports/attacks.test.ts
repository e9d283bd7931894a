import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { MetadataError } from '@ota-connect/uptane';
import { attackText, describeRefusal } from './attacks.ts';

const RUNS = Math.max(1, Math.round(Number(process.env['OTA_TEST_RUNS'] ?? 400) / 8));

describe('what a refusal points to', () => {
  it('names a role whose name is cut within a character', () => {
    const error = new MetadataError('MetadataFetchFailure', 'x', {
      role: `${'x'.repeat(119)}😀`,
      repository: 'image',
    });
    assert.match(attackText(error) ?? '', /in delegations\/x{119}%3F\.json of the Image repository$/);
    assert.match(describeRefusal(error), /in delegations\/x{119}%3F\.json of the Image repository$/);
  });

  it('names the image that repositories do not agree about, and whose file lists it', () => {
    const details = { target: 'app.bin' };
    const said = (code: 'TargetMismatch' | 'BadEcuId', role: string, repository: 'director' | 'image') =>
      attackText(new MetadataError(code, 'x', { role, repository, details }));
    assert.equal(
      said('TargetMismatch', 'Targets', 'image'),
      'mix-and-match: TargetMismatch in the image app.bin by targets.json of the Image repository',
    );
    assert.equal(
      said('TargetMismatch', 'supplier', 'image'),
      'mix-and-match: TargetMismatch in the image app.bin by delegations/supplier.json of the Image repository',
    );
    assert.equal(
      said('BadEcuId', 'Targets', 'director'),
      'arbitrary software: BadEcuId in targets.json of the Director',
    );
  });

  it('names an image that arrived and is another one than is signed', () => {
    const error = new MetadataError('TargetHashMismatch', 'x', { details: { target: 'app.bin' } });
    assert.equal(attackText(error), 'arbitrary software: TargetHashMismatch in the image app.bin');
    assert.match(describeRefusal(error), /, in the image app\.bin$/);
  });

  it('names the Director’s time, which is no delegated role', () => {
    const error = new MetadataError('TimeUntrusted', 'x', { role: 'Time', repository: 'director' });
    assert.equal(attackText(error), 'freeze: TimeUntrusted in the time of the Director');
  });

  it('can be told of any role, image and repository, on one line', () => {
    const text = fc.option(
      fc.string({ unit: 'binary', maxLength: 200 }).map((name) => name.slice(1)),
      { nil: undefined },
    );
    fc.assert(
      fc.property(text, text, text, text, (role, image, target, mappedRepository) => {
        const error = new MetadataError('UnmetThreshold', 'x', {
          ...(role === undefined ? {} : { role }),
          repository: 'image',
          details: { target, mappedRepository },
        });
        assert.match(attackText(error, image) ?? '', /^[\x20-\x7e]+$/);
        assert.doesNotMatch(describeRefusal(error), /[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
      { numRuns: RUNS },
    );
  });
});
