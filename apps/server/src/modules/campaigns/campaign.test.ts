import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CAMPAIGN_STATUSES,
  DEVICE_IN_CAMPAIGN_STATES,
  type CampaignStatus,
  type DeviceInCampaignState,
} from '@ota-connect/contract/user';
import {
  awaitsConsent,
  CAMPAIGN_EVENTS,
  hasEnded,
  mayCancel,
  mayLaunch,
  nextCampaignStatus,
  nextRowState,
  ROW_EVENTS,
  type CampaignEvent,
  type RowEvent,
} from './campaign.ts';

const IMPOSSIBLE = undefined;

describe('campaign', () => {
  const expected: Record<CampaignStatus, readonly (CampaignStatus | undefined)[]> = {
    //          launch        all_rows_ended  device_joined  cancel
    prepared: ['launched', IMPOSSIBLE, IMPOSSIBLE, 'cancelled'],
    launched: [IMPOSSIBLE, 'finished', 'launched', 'cancelled'],
    finished: [IMPOSSIBLE, 'finished', 'launched', 'cancelled'],
    cancelled: [IMPOSSIBLE, 'cancelled', IMPOSSIBLE, IMPOSSIBLE],
  };
  for (const status of CAMPAIGN_STATUSES) {
    for (const [index, event] of CAMPAIGN_EVENTS.entries()) {
      it(`${status} + ${event}: ${expected[status][index] ?? 'impossible'}`, () => {
        assert.equal(nextCampaignStatus(status, event satisfies CampaignEvent), expected[status][index]);
      });
    }
  }

  it('is launched from prepared alone', () => {
    assert.deepEqual(CAMPAIGN_STATUSES.filter(mayLaunch), ['prepared']);
  });

  it('is cancelled until it is over, and later while its groups are open', () => {
    const closed = CAMPAIGN_STATUSES.filter((status) => mayCancel(status, false));
    const open = CAMPAIGN_STATUSES.filter((status) => mayCancel(status, true));
    assert.deepEqual(closed, ['prepared', 'launched']);
    assert.deepEqual(open, ['prepared', 'launched', 'finished']);
  });

  it('asks only for what its table lists', () => {
    for (const status of CAMPAIGN_STATUSES) {
      if (mayLaunch(status)) assert.notEqual(nextCampaignStatus(status, 'launch'), IMPOSSIBLE);
      if (mayCancel(status, true)) assert.notEqual(nextCampaignStatus(status, 'cancel'), IMPOSSIBLE);
    }
  });
});

describe('device in a campaign', () => {
  type Cells = Partial<Record<RowEvent, DeviceInCampaignState>>;
  const over = (state: DeviceInCampaignState): Cells => ({
    declined: state,
    postponed: state,
    update_succeeded: state,
    update_failed: state,
    cancelled: state,
  });
  const answered: Cells = {
    assigned: 'accepted',
    assign_failed: 'failed',
    declined: 'declined',
    postponed: 'postponed',
    cancelled: 'cancelled',
  };
  const expected: Record<DeviceInCampaignState, Cells> = {
    requested: {
      not_affected: 'rejected',
      consent_asked: 'scheduled',
      assigned: 'accepted',
      assign_failed: 'failed',
      declined: 'requested',
      postponed: 'requested',
      cancelled: 'cancelled',
    },
    rejected: {
      declined: 'rejected',
      postponed: 'rejected',
      cancelled: 'rejected',
      reconsidered: 'requested',
    },
    scheduled: answered,
    postponed: answered,
    accepted: {
      declined: 'accepted',
      postponed: 'accepted',
      update_succeeded: 'successful',
      update_failed: 'failed',
      cancelled: 'cancelled',
    },
    declined: { declined: 'declined', postponed: 'declined', cancelled: 'declined' },
    successful: over('successful'),
    failed: over('failed'),
    cancelled: over('cancelled'),
  };
  for (const state of DEVICE_IN_CAMPAIGN_STATES) {
    for (const event of ROW_EVENTS) {
      it(`${state} + ${event}: ${expected[state][event] ?? 'impossible'}`, () => {
        assert.equal(nextRowState(state, event), expected[state][event]);
      });
    }
  }

  it('is offered while scheduled or postponed', () => {
    assert.deepEqual(DEVICE_IN_CAMPAIGN_STATES.filter(awaitsConsent), ['scheduled', 'postponed']);
  });

  it('leaves an end state never, but for a rejected row that is looked at again', () => {
    for (const state of DEVICE_IN_CAMPAIGN_STATES.filter(hasEnded)) {
      for (const event of ROW_EVENTS) {
        const next = nextRowState(state, event);
        if (state === 'rejected' && event === 'reconsidered') continue;
        assert.ok(next === IMPOSSIBLE || next === state);
      }
    }
  });

  it('has an answer to every decision and every cancellation in every state', () => {
    for (const state of DEVICE_IN_CAMPAIGN_STATES) {
      for (const event of ['declined', 'postponed', 'cancelled'] as const) {
        assert.notEqual(nextRowState(state, event), IMPOSSIBLE);
      }
    }
  });
});
