// The one place where an assignment changes its state: the table decides, the row follows.
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { nextAssignmentState, type Assignment, type AssignmentEvent, type Result } from './assignment.ts';
import { setAssignmentState } from './assignment-store.ts';

export type StateStep = {
  readonly environment: string;
  readonly assignment: Assignment;
  readonly event: AssignmentEvent;
  readonly result?: Result;
};

/** Throws BugError for a pair that is not in the table. */
export async function changeState(ctx: Context, tx: Transaction, step: StateStep): Promise<void> {
  const { environment, assignment, event, result } = step;
  const state = nextAssignmentState(assignment.state, event);
  if (state === undefined)
    throw new BugError(`An assignment that is ${assignment.state} cannot take ${event}.`);
  if (state === assignment.state) return;
  const now = ctx.clock.now();
  await setAssignmentState(tx, environment, {
    id: assignment.id,
    state,
    now,
    ...(result === undefined ? {} : { result }),
  });
}
