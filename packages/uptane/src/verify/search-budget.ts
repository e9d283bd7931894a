// What all searches through the delegations of one repository may cost in one cycle. Whoever holds the key of one
// delegated role decides what is searched below it: a bound on the roles alone lets each of them be as dear as can be.
// Source: Uptane Standard #resolve_delegations; docs/adr/0013-delegations.md
import type { Steps } from '../dialect/match-path.ts';
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { DocumentOrigin } from '../metadata/envelope.ts';
import { originOf } from './origin.ts';

export type SearchBudget = {
  /** Of comparing path patterns. */
  readonly steps: Steps;
  /** Of delegated roles that are read, stored ones too. */
  bytes: number;
  /** Of signatures, and of keys that are made out of text, which costs as much. */
  checks: number;
};

export function searchBudget({ searchSteps, searchBytes, searchChecks }: Limits): SearchBudget {
  return { steps: { left: searchSteps }, bytes: searchBytes, checks: searchChecks };
}

/** Before the work is done. @throws MetadataError TargetMismatch, which stands: what is spent stays spent */
export function spend(
  budget: SearchBudget | undefined,
  what: 'bytes' | 'checks',
  amount: number,
  origin: DocumentOrigin,
): void {
  if (budget === undefined) return;
  budget[what] -= amount;
  if (budget[what] >= 0) return;
  throw new MetadataError('TargetMismatch', `The search through delegations takes too many ${what}.`, {
    ...originOf(origin),
    attack: 'endless data',
  });
}
