// The delegated roles of one repository in one cycle: each is fetched, verified and kept, and remembered for the next
// search, so that many ways that lead to one role cost it once. Source: Uptane Standard #resolve_delegations
import { MetadataError } from '../errors.ts';
import { repositoryKeyId } from '../keys/key-id.ts';
import type { KeyRing } from '../metadata/common.ts';
import type { DelegatedRole } from '../metadata/delegations.ts';
import type { Targets } from '../metadata/targets.ts';
import { originOf } from './origin.ts';
import type { LoadDelegated } from './resolve-delegations.ts';
import type { SearchBudget } from './search-budget.ts';
import { fetchTargets, keep, listingOf, type TargetsAnswer } from './update-metadata.ts';
import type { TopLevel } from './update-top-level.ts';

export type DelegatedRoles = {
  readonly load: LoadDelegated;
  /** Names of all that were verified. */
  readonly verified: ReadonlySet<string>;
};

export function delegatedRoles(top: TopLevel, budget: SearchBudget): DelegatedRoles {
  const known = new Map<string, Targets>();
  const verified = new Set<string>();
  return {
    verified,
    async load(role, keys) {
      const identity = identityOf(role, keys);
      const before = known.get(identity);
      if (before !== undefined) return before;
      await turnOfOthers();
      const targets = await loadDelegated(top, role, { keys, budget });
      known.set(identity, targets);
      verified.add(role.name);
      return targets;
    },
  };
}

/** A role as its delegator names it: whoever trusts other keys has to verify it anew. */
function identityOf({ name, threshold, keyIds }: DelegatedRole, keys: KeyRing): string {
  const trusted = keyIds.map((id) => {
    const key = keys.get(id);
    return [id, key === undefined ? '' : repositoryKeyId(key)];
  });
  return JSON.stringify([name, threshold, trusted]);
}

/** What is stored comes without a wait: a search over it would let nobody else run until its end. */
function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

type Means = { readonly keys: KeyRing; readonly budget: SearchBudget };

async function loadDelegated(top: TopLevel, delegated: DelegatedRole, means: Means): Promise<Targets> {
  const { repository } = top.session;
  const role = { delegation: delegated.name };
  const answer = await fetchDelegated(top, delegated, means);
  if (answer === 'absent') {
    const text = `The ${repository.name} repository has no metadata of the delegated role "${delegated.name}".`;
    throw new MetadataError('DelegationMissing', text, originOf({ role, repository: repository.name }));
  }
  keep(repository, role, answer.received, answer.targets.version);
  return answer.targets;
}

async function fetchDelegated(
  { session, snapshot }: TopLevel,
  delegated: DelegatedRole,
  { keys, budget }: Means,
): Promise<TargetsAnswer | 'absent'> {
  const { repository, trust } = session;
  const role = { delegation: delegated.name };
  const listing = listingOf(snapshot, role, repository.name);
  try {
    const expected = { role, authority: { keys, role: delegated }, listing, budget };
    return await fetchTargets(session, expected, trust.limits.imageTargetsBytes);
  } catch (cause) {
    if (!(cause instanceof MetadataError) || cause.code !== 'ExpiredMetadata') throw cause;
    const code = trust.dialect.delegations.expiredRole;
    throw new MetadataError(code, cause.message, {
      ...originOf({ role, repository: repository.name }),
      attack: 'freeze',
      cause,
    });
  }
}
