// Who speaks for an image: the first role, in order of priority and depth first, that lists its name. What that role
// says decides, even against a later role that agrees with the Director. A terminating delegation hands the name over for
// good: what lies below it is searched, nothing after it. A role that cannot be verified ends the search.
// Source: Uptane Standard #resolve_delegations, #multirole_delegations; TUF specification 5.6.7; docs/adr/0013-delegations.md
import type { Dialect } from '../dialect/dialect.ts';
import type { StoredRole } from '../dialect/role.ts';
import { MetadataError, type RepositoryName } from '../errors.ts';
import { isSameKey } from '../keys/key-id.ts';
import type { Limits } from '../limits.ts';
import type { KeyRing } from '../metadata/common.ts';
import {
  delegationsFor,
  type DelegatedRole,
  type Delegation,
  type Delegations,
} from '../metadata/delegations.ts';
import { malformed } from '../metadata/envelope.ts';
import type { TargetEntry, Targets } from '../metadata/targets.ts';
import { originOf } from './origin.ts';
import { agreedEntry } from './resolve-multi-role.ts';
import { searchBudget, type SearchBudget } from './search-budget.ts';

/** Loads and verifies a delegated role for one delegator. */
export type LoadDelegated = (role: DelegatedRole, keys: KeyRing) => Promise<Targets>;

export type Search = {
  readonly name: string;
  /** Of the ECU that is to install it; absent where images are not for some hardware. */
  readonly hardwareId?: string;
  readonly repository: RepositoryName;
  readonly dialect: Dialect;
  readonly rootKeys: KeyRing;
  readonly limits: Limits;
  readonly load: LoadDelegated;
  /** Absent: this search has one of its own. */
  readonly budget?: SearchBudget;
};

/** What a repository says of an image, and which of its roles says it. */
export type FoundTarget = TargetEntry & { readonly role: TargetsRole };
type TargetsRole = Exclude<StoredRole, 'root' | 'timestamp' | 'snapshot'>;

type Walk = Search & {
  readonly budget: SearchBudget;
  /** What each role says of the image: making an entry out of text is done once. */
  readonly entries: Map<Targets, FoundTarget>;
  /** Roles from the top down to here. */
  readonly path: readonly string[];
  readonly visited: Set<string>;
  readonly visits: { count: number };
};
type Answer = FoundTarget | 'not found' | 'stop';

/** undefined: no role that may speak for the name lists it. @throws MetadataError of a role that cannot be verified */
export async function resolveTarget(top: Targets, search: Search): Promise<FoundTarget | undefined> {
  const budget = search.budget ?? searchBudget(search.limits);
  const start = { path: [], visited: new Set<string>(), visits: { count: 0 }, entries: new Map() };
  const found = await visit(top, { ...search, ...start, budget });
  return typeof found === 'string' ? undefined : found;
}

async function visit(targets: Targets, walk: Walk): Promise<Answer> {
  const entry = entryOf(targets, walk);
  if (entry !== undefined) return entry;
  const { delegations } = targets;
  if (delegations === undefined) return 'not found';
  checkKeyIds(delegations, walk);
  for (const delegation of delegationsAsked(delegations, walk)) {
    const found = await ask(delegation, delegations.keys, walk);
    if (found !== 'not found') return found;
    if (delegation.terminating) return 'stop';
  }
  return 'not found';
}

function entryOf(targets: Targets, walk: Walk): FoundTarget | undefined {
  const known = walk.entries.get(targets);
  if (known !== undefined) return known;
  const entry = targets.targets.get(walk.name);
  if (entry === undefined) return undefined;
  const found = { ...entry, role: originOfLast(walk).role };
  walk.entries.set(targets, found);
  return found;
}

function delegationsAsked(delegations: Delegations, walk: Walk): readonly Delegation[] {
  const { dialect, budget } = walk;
  try {
    return [...delegationsFor(delegations, walk, dialect, budget.steps)];
  } catch (cause) {
    if (budget.steps.left < 0) throw tooFar(walk, 'takes too many steps to compare patterns', cause);
    throw cause;
  }
}

async function ask({ roles, agreement }: Delegation, keys: KeyRing, walk: Walk): Promise<Answer> {
  const answers: Answer[] = [];
  for (const role of roles) answers.push(await visitRole(role, keys, walk));
  if (answers.length === 1) return answers[0] ?? 'not found';
  // A role below which the search stops has nothing to say; alone it cannot stop the others.
  const said = answers.map((answer) => (typeof answer === 'string' ? undefined : answer));
  return agreedEntry(said, agreement, walk.repository) ?? 'not found';
}

async function visitRole(role: DelegatedRole, keys: KeyRing, walk: Walk): Promise<Answer> {
  if (wasThere(role.name, walk)) return 'not found';
  if (walk.path.length >= walk.limits.delegationDepth) throw tooFar(walk, 'goes too deep');
  countVisit(role.name, walk);
  const child = await walk.load(role, keys);
  return visit(child, { ...walk, path: [...walk.path, role.name] });
}

function wasThere(name: string, { dialect, path, visited }: Walk): boolean {
  return dialect.delegations.visitsRolesOnce ? visited.has(name) : path.includes(name);
}

function countVisit(name: string, walk: Walk): void {
  walk.visited.add(name);
  walk.visits.count += 1;
  if (walk.visits.count > walk.limits.delegationVisits) throw tooFar(walk, 'visits too many roles');
}

/** An error, since a role that is passed over leaves the image to the next in line. It names who delegates further. */
function tooFar(walk: Walk, how: string, cause?: unknown): MetadataError {
  const text = `The search for "${walk.name}" ${how}.`;
  return new MetadataError('TargetMismatch', text, {
    ...originOf(originOfLast(walk)),
    attack: 'endless data',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The document that the search has come to. */
function originOfLast({ path, repository }: Walk): { role: TargetsRole; repository: RepositoryName } {
  const delegation = path.at(-1);
  return { role: delegation === undefined ? 'targets' : { delegation }, repository };
}

/** One id for two keys: whoever reads one file would trust another key than whoever reads the other. */
function checkKeyIds(delegations: Delegations, walk: Walk): void {
  for (const [id, key] of delegations.keys) {
    const known = walk.rootKeys.get(id);
    if (known === undefined || isSameKey(known, key)) continue;
    throw malformed(originOfLast(walk), 'a delegation names another key by the id of a Root key');
  }
}
