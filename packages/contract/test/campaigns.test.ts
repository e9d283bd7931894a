import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Campaign, MalformedBodyError, decodeCampaigns, encodeCampaigns } from '../src/device/index.ts';

const full: Campaign = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  name: 'Spring release',
  sizeBytes: 1_048_576,
  autoAccept: false,
  description: 'Fixes the blinker',
  estimatedInstallationSeconds: 600,
  estimatedPreparationSeconds: 30,
};
const plain = { id: 'c2', name: 'plain' };

describe('campaigns body', () => {
  it('is the same after encoding and decoding', () => {
    assert.deepEqual(decodeCampaigns(encodeCampaigns([full])), { campaigns: [full], leftOut: [] });
  });

  it('writes durations as decimal texts and leaves out what is not known', () => {
    assert.deepEqual(
      encodeCampaigns([{ ...plain, sizeBytes: 0, autoAccept: true, estimatedInstallationSeconds: 5 }])
        .campaigns[0],
      {
        ...plain,
        size: 0,
        autoAccept: true,
        metadata: [{ type: 'ESTIMATED_INSTALLATION_DURATION', value: '5' }],
      },
    );
  });

  it('fills in size 0 and consent needed, when they are not given', () => {
    assert.deepEqual(decodeCampaigns({ campaigns: [plain] }).campaigns, [
      { ...plain, sizeBytes: 0, autoAccept: false },
    ]);
  });

  it('ignores metadata of types it does not know, repeated ones too', () => {
    const metadata = [{ type: 'COLOUR', value: 1 }, { type: 'COLOUR' }];
    assert.equal(decodeCampaigns({ campaigns: [{ ...plain, metadata }] }).campaigns.length, 1);
  });

  const leftOut: readonly (readonly [string, unknown])[] = [
    ['an empty id', { id: '', name: 'x' }],
    ['an empty name', { id: 'x', name: '' }],
    ['a negative size', { ...plain, size: -1 }],
    ['a fractional size', { ...plain, size: 1.5 }],
    ['autoAccept as text', { ...plain, autoAccept: 'true' }],
    [
      'a repeated description',
      {
        ...plain,
        metadata: [
          { type: 'DESCRIPTION', value: 'a' },
          { type: 'DESCRIPTION', value: 'a' },
        ],
      },
    ],
    [
      'a duration that is no number',
      { ...plain, metadata: [{ type: 'ESTIMATED_PREPARATION_DURATION', value: 'soon' }] },
    ],
    ['a description that is no text', { ...plain, metadata: [{ type: 'DESCRIPTION', value: 1 }] }],
  ];
  for (const [what, campaign] of leftOut) {
    it(`leaves out a campaign with ${what} and keeps the others`, () => {
      const decoded = decodeCampaigns({ campaigns: [campaign, plain] });
      assert.deepEqual(
        decoded.campaigns.map((kept) => kept.id),
        ['c2'],
      );
      assert.equal(decoded.leftOut.length, 1);
    });
  }

  for (const body of [undefined, [], {}, { campaigns: {} }]) {
    it(`refuses the document ${JSON.stringify(body)}`, () => {
      assert.throws(() => decodeCampaigns(body), MalformedBodyError);
    });
  }
});
