import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEVICE_IN_CAMPAIGN_STATES, type DeviceInCampaignState } from '@ota-connect/contract/user';
import { isFinished, progressOf } from './progress.ts';

describe('progress of a campaign', () => {
  it('adds up', () => {
    const counts = new Map(DEVICE_IN_CAMPAIGN_STATES.map((state, index) => [state, 10 ** index] as const));
    const progress = progressOf(counts);
    const { processed, affected, rejected, ...parts } = progress;
    assert.equal(
      Object.values(parts).reduce((sum, count) => sum + count, 0),
      affected,
    );
    assert.equal(processed, affected + rejected);
    assert.equal(processed + 1, 111_111_111, 'all rows but the one that is still requested');
  });

  it('is all zero before the launch', () => {
    assert.deepEqual(new Set(Object.values(progressOf(new Map()))), new Set([0]));
  });

  const waiting: readonly DeviceInCampaignState[] = ['requested', 'scheduled', 'postponed', 'accepted'];
  for (const state of DEVICE_IN_CAMPAIGN_STATES) {
    const open = waiting.includes(state);
    it(`${open ? 'goes on' : 'is over'} while a row is ${state}`, () => {
      assert.equal(isFinished(new Map([[state, 1]]), { groupsRead: true, isOpen: false }), !open);
    });
  }

  it('goes on while a group is still to be read', () => {
    assert.equal(isFinished(new Map([['successful', 3]]), { groupsRead: false, isOpen: false }), false);
  });

  it('waits for its first device when its groups are open', () => {
    assert.equal(isFinished(new Map(), { groupsRead: true, isOpen: true }), false);
    assert.equal(isFinished(new Map(), { groupsRead: true, isOpen: false }), true);
    assert.equal(isFinished(new Map([['requested', 0]]), { groupsRead: true, isOpen: true }), false);
  });
});
