// Targets, top-level or delegated: the one that Snapshot lists, where there is a Snapshot; signed, not older than the
// last one, not expired.
// Source: Uptane Standard #check_targets
import { MetadataError } from '../errors.ts';
import { parseEnvelope } from '../metadata/envelope.ts';
import { roleTitle } from '../metadata/filename.ts';
import type { Listing } from '../dialect/listing.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { checkSignatures, type Authority } from './check-signatures.ts';
import { originOf } from './origin.ts';
import { spend, type SearchBudget } from './search-budget.ts';
import { checkExpiry, checkNotOlder, documentOf, type Trust } from './trusted-metadata.ts';

export type TargetsExpectation = {
  readonly role: 'targets' | { readonly delegation: string };
  readonly authority: Authority;
  /** What Snapshot says; absent with a Director that serves none. */
  readonly listing?: Listing;
  /** The version below which it is a rollback. Under a Snapshot its own history is the guard. */
  readonly floor?: number;
  /** Of the search that has come to a delegated role. */
  readonly budget?: SearchBudget;
};

/** @throws MetadataError */
export function checkTargets(received: Uint8Array, trust: Trust, expected: TargetsExpectation): Targets {
  const { role, listing, budget } = expected;
  const origin = documentOf(trust, role);
  spend(budget, 'bytes', received.byteLength, origin);
  const envelope = parseEnvelope(received, origin, trust.limits);
  if (listing !== undefined && !trust.dialect.isListed(envelope, listing)) {
    const code = role === 'targets' ? 'MetadataHashMismatch' : 'DelegationHashMismatch';
    throw new MetadataError(
      code,
      `${roleTitle(role)} is not the file that Snapshot lists.`,
      originOf(origin),
    );
  }
  spend(budget, 'checks', envelope.signatures.length, origin);
  checkSignatures(envelope, expected.authority, origin);
  const targets = parseTargets(envelope, trust.repository, role);
  spend(budget, 'checks', targets.delegations?.keys.size ?? 0, origin);
  if (listing !== undefined && targets.version !== listing.version) {
    const text = `${roleTitle(role)} has version ${targets.version}, Snapshot lists ${listing.version}.`;
    throw new MetadataError('VersionMismatch', text, originOf(origin));
  }
  if (expected.floor !== undefined) checkNotOlder(targets.version, expected.floor, 'version', origin);
  checkExpiry(targets, trust.now, origin);
  return targets;
}
