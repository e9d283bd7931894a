import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ASSIGNMENT_EVENTS,
  ASSIGNMENT_STATES,
  isRunning,
  mayCancel,
  nextAssignmentState,
  type AssignmentState,
} from './assignment.ts';

const NO = undefined;

describe('assignment', () => {
  const expected: Record<AssignmentState, readonly (AssignmentState | undefined)[]> = {
    //          promoted    no_longer_fits  targets_fetched  image_installed  install_failed  other_image  cancel  deleted
    queued: ['assigned', 'failed', NO, 'completed', NO, NO, 'cancelled', 'cancelled'],
    assigned: [NO, NO, 'in_flight', 'completed', NO, NO, 'cancelled', 'cancelled'],
    in_flight: [NO, NO, 'in_flight', 'completed', 'failed', 'cancelled', NO, 'cancelled'],
    completed: [NO, NO, NO, NO, NO, NO, NO, NO],
    failed: [NO, NO, NO, NO, NO, NO, NO, NO],
    cancelled: [NO, NO, NO, NO, NO, NO, NO, NO],
  };
  for (const state of ASSIGNMENT_STATES) {
    for (const [index, event] of ASSIGNMENT_EVENTS.entries()) {
      it(`${state} + ${event}: ${expected[state][index] ?? 'impossible'}`, () => {
        assert.equal(nextAssignmentState(state, event), expected[state][index]);
      });
    }
  }

  it('may be cancelled exactly where the table takes it', () => {
    for (const state of ASSIGNMENT_STATES) {
      assert.equal(mayCancel(state), nextAssignmentState(state, 'cancel_requested') !== NO);
    }
  });

  it('is in the Targets of its device while assigned or in flight', () => {
    assert.deepEqual(ASSIGNMENT_STATES.filter(isRunning), ['assigned', 'in_flight']);
  });
});
