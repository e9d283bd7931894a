// Who speaks for an image: the first role, in order of priority and depth first, that lists its name. What that role
// says decides, even against a later role that agrees with the Director; a terminating role without it ends the search.
// Source: Uptane Standard #resolve_delegations
import { MetadataError } from '../errors.ts';
import { isSameKey } from '../keys/key-id.ts';
import type { Limits } from '../limits.ts';
import type { KeyRing } from '../metadata/common.ts';
import type { Delegation, Delegations } from '../metadata/delegations.ts';
import { malformed } from '../metadata/envelope.ts';
import type { TargetEntry, Targets } from '../metadata/targets.ts';
import { matchesPath } from './match-path.ts';

/** Loads and verifies a delegated role for one delegator. An expired one is passed over. */
export type LoadDelegated = (delegation: Delegation, keys: KeyRing) => Promise<Targets | 'expired'>;

export type Search = {
  readonly name: string;
  /** Of the ECUs that are to install it. */
  readonly hardwareIds: ReadonlySet<string>;
  readonly rootKeys: KeyRing;
  readonly limits: Limits;
  readonly load: LoadDelegated;
};

type Walk = Search & { readonly path: readonly string[]; readonly visits: { count: number } };

/** undefined: no role that may speak for the name lists it. @throws MetadataError of a role that cannot be verified */
export async function resolveTarget(top: Targets, search: Search): Promise<TargetEntry | undefined> {
  const found = await visit(top, { ...search, path: [], visits: { count: 0 } });
  return typeof found === 'string' ? undefined : found;
}

async function visit(targets: Targets, walk: Walk): Promise<TargetEntry | 'not found' | 'stop'> {
  const entry = targets.targets.get(walk.name);
  if (entry !== undefined) return entry;
  const { delegations } = targets;
  if (delegations === undefined || walk.path.length >= walk.limits.delegationDepth) return 'not found';
  checkKeyIds(delegations, walk.rootKeys);
  for (const delegation of delegations.roles) {
    if (!applies(delegation, walk)) continue;
    countVisit(walk);
    const child = await walk.load(delegation, delegations.keys);
    const below = { ...walk, path: [...walk.path, delegation.name] };
    const found = child === 'expired' ? 'not found' : await visit(child, below);
    if (found !== 'not found') return found;
    if (delegation.terminating) return 'stop';
  }
  return 'not found';
}

function applies(delegation: Delegation, walk: Walk): boolean {
  if (walk.path.includes(delegation.name)) return false; // a cycle
  const { hardwareIds } = delegation;
  if (hardwareIds !== undefined && [...walk.hardwareIds].some((id) => !hardwareIds.includes(id)))
    return false;
  return delegation.paths.some((pattern) => matchesPath(pattern, walk.name));
}

function countVisit(walk: Walk): void {
  walk.visits.count += 1;
  if (walk.visits.count <= walk.limits.delegationVisits) return;
  throw new MetadataError('TargetMismatch', `The search for "${walk.name}" visits too many roles.`, {
    repository: 'image',
    attack: 'endless data',
  });
}

/** One id for two keys: whoever reads one file would trust another key than whoever reads the other. */
function checkKeyIds(delegations: Delegations, rootKeys: KeyRing): void {
  for (const [id, key] of delegations.keys) {
    const known = rootKeys.get(id);
    if (known === undefined || isSameKey(known, key)) continue;
    throw malformed(
      { role: 'targets', repository: 'image' },
      'a delegation names another key by the id of a Root key',
    );
  }
}
