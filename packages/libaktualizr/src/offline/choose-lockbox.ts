// Which of several lockboxes that fit is taken: each is applied once, whoever inserts the medium again, so that two of them
// never take turns; of those left, the one that expires last, which is the one that was made last; else the first by
// name. A person may name one, also one that was applied before. docs/guides/offline-updates.md
import type { Lockbox } from '@ota-connect/uptane';

export type Past = {
  /** Its update was installed here, whatever came after it. */
  readonly isApplied: (lockbox: Lockbox) => boolean;
  /** It failed too often. */
  readonly isBlocked: (lockbox: Lockbox) => boolean;
};

export type Choice =
  | { readonly kind: 'chosen' | 'blocked'; readonly lockbox: Lockbox }
  | { readonly kind: 'nothing_new' }
  | { readonly kind: 'not_there' };

/** `wanted`: the name of the only one that may be taken. */
export function chooseLockbox(lockboxes: readonly Lockbox[], past: Past, wanted?: string): Choice {
  const named = lockboxes.filter(({ name }) => wanted === undefined || name === wanted);
  if (named.length === 0) return { kind: 'not_there' };
  const open = named
    .filter(({ targets }) => targets.length > 0)
    .filter((lockbox) => wanted !== undefined || !past.isApplied(lockbox))
    .toSorted((a, b) => b.expires - a.expires || (a.name < b.name ? -1 : 1));
  const free = open.find((lockbox) => !past.isBlocked(lockbox));
  if (free !== undefined) return { kind: 'chosen', lockbox: free };
  const [blocked] = open;
  return blocked === undefined ? { kind: 'nothing_new' } : { kind: 'blocked', lockbox: blocked };
}
