// What can happen in the world of world.ts, as random steps.
import fc from 'fast-check';
import type { TopLevelRole } from '../../src/index.ts';

const BOTH = ['director', 'image'] as const;
const PATHS = ['timestamp.json', 'snapshot.json', 'targets.json', 'delegations/supplier.json', 'next root'];

export type Trick = {
  readonly repository: 'director' | 'image';
  readonly path: string;
  /** `old`: of an earlier publication; `other`: anything that was ever published, by either repository. */
  readonly how: 'old' | 'other' | 'absent' | 'broken' | 'failing';
  readonly pick: number;
};

export type Step =
  | { readonly kind: 'offer' | 'offer delegated' | 'renew' | 'new root' }
  | { readonly kind: 'wait'; readonly days: number }
  | {
      readonly kind: 'exchange keys';
      readonly repository: 'director' | 'image';
      readonly roles: readonly TopLevelRole[];
      readonly threshold: number;
    }
  | { readonly kind: 'poll'; readonly tricks: readonly Trick[] };

export function polls(hows: readonly Trick['how'][]): fc.Arbitrary<Step> {
  const trick = fc.record({
    repository: fc.constantFrom(...BOTH),
    path: fc.constantFrom(...PATHS),
    how: fc.constantFrom(...hows),
    pick: fc.nat(),
  });
  return fc.record({ kind: fc.constant('poll' as const), tricks: fc.array(trick, { maxLength: 4 }) });
}

export function publications(): fc.Arbitrary<Step> {
  const roles = fc.uniqueArray(fc.constantFrom<TopLevelRole>('root', 'timestamp', 'snapshot', 'targets'), {
    minLength: 1,
  });
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('offer' as const, 'offer delegated' as const) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('renew' as const, 'new root' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.nat(9) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('exchange keys' as const),
        repository: fc.constantFrom(...BOTH),
        roles,
        threshold: fc.constantFrom(1, 2),
      }),
    },
  );
}
