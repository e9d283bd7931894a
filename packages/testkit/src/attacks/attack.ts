// What an attack is to the tests: one named mutation of the simulator, the code that a client has to refuse it with, and
// the step of the Standard that does. Before it the client has verified an honest state with one image on offer.
import { jsonObject, type JsonObject, type JsonValue, type TopLevelRole } from '@ota-connect/uptane';
import type { RepositorySimulator } from '../repository-simulator.ts';
import { rewrite, type SimulatedRepository, type SimulatedRole } from '../simulated-repository.ts';

export type SimulatedAttack = {
  /** What happens, in words; completes "refuses …". */
  readonly name: string;
  readonly group:
    | 'signatures'
    | 'root rotation'
    | 'rollback'
    | 'freeze'
    | 'mix-and-match'
    | 'targets'
    | 'delegations'
    | 'multi-role'
    | 'malformed';
  /** Anchor and step, e.g. `check_timestamp/3`; with commas also other requirements that it shows, as `5.2.1-3`. */
  readonly step: string;
  readonly refusedAs: string;
  readonly mutate: (simulator: RepositorySimulator) => Promise<void> | void;
};

/** A file that an attack can be aimed at. */
export type Slot = {
  readonly title: string;
  readonly repository: 'director' | 'image';
  readonly role: TopLevelRole | 'delegated';
  /** As codes name it. */
  readonly codeName: string;
  /** The step that checks its signatures. */
  readonly signatureStep: string;
};

export const DELEGATED = 'supplier';

const SIGNATURE_STEP = {
  root: 'check_root/3',
  timestamp: 'check_timestamp/2',
  snapshot: 'check_snapshot/3',
  targets: 'check_targets/3',
};

export const SLOTS: readonly Slot[] = (['director', 'image'] as const).flatMap((repository) =>
  (['root', 'timestamp', 'snapshot', 'targets'] as const).map((role) => {
    const codeName = role.charAt(0).toUpperCase() + role.slice(1);
    const where = repository === 'director' ? 'Director' : 'Image repository';
    return { title: `${where} ${codeName}`, repository, role, codeName, signatureStep: SIGNATURE_STEP[role] };
  }),
);

export const DELEGATED_SLOT: Slot = {
  title: 'delegated role',
  repository: 'image',
  role: 'delegated',
  codeName: DELEGATED,
  signatureStep: 'check_targets/3',
};

export const ALL_SLOTS: readonly Slot[] = [...SLOTS, DELEGATED_SLOT];

/** The role behind a slot. The delegated one exists after `delegateOffer`. */
export function roleAt(simulator: RepositorySimulator, slot: Slot): SimulatedRole {
  const repository = simulator.repository(slot.repository);
  if (slot.role !== 'delegated') return repository.roles[slot.role];
  const delegation = repository.delegations.find((one) => one.name === DELEGATED);
  if (delegation === undefined) throw new Error('the simulator has no delegated role yet');
  return delegation;
}

/** A new image on offer, so that a client has to go through both repositories; delegated where the slot needs it. */
export async function offerFor(simulator: RepositorySimulator, slot: Slot): Promise<void> {
  if (slot.role === 'delegated') await offerDelegated(simulator);
  else simulator.offer('attack.bin');
}

/** An image that only the delegated role `supplier` lists, on offer to the Primary. */
export async function offerDelegated(simulator: RepositorySimulator, name: string = 'supplied/app.bin') {
  const delegation = await simulator.delegate(DELEGATED, ['supplied/*']);
  const content = new TextEncoder().encode(name);
  const target = simulator.addDelegatedImage(delegation, { name, content, hardwareIds: ['primary-hw'] });
  simulator.assign(target);
  return delegation;
}

/** Publishes what belongs to the slot: a new Root, or everything below it. */
export async function republish(simulator: RepositorySimulator, slot: Slot): Promise<void> {
  if (slot.role === 'root') await simulator.repository(slot.repository).publishRoot();
  await simulator.publish();
}

/** A changed copy of `signed`. */
export function withMember(name: string, value: JsonValue | undefined): (signed: JsonObject) => JsonObject {
  return (signed) => jsonObject([...Object.entries(signed).filter(([key]) => key !== name), [name, value]]);
}

/** Changes a member of a member of `signed`, and so on down the path. */
export function withNested(
  path: readonly string[],
  value: JsonValue | undefined,
): (signed: JsonObject) => JsonObject {
  const [first = '', ...rest] = path;
  if (rest.length === 0) return withMember(first, value);
  return (signed) => withMember(first, withNested(rest, value)((signed[first] ?? {}) as JsonObject))(signed);
}

/** Changes the list of signatures of a signed file. */
export function withSignatures(
  change: (signatures: SignatureEntry[]) => SignatureEntry[],
): (bytes: Uint8Array) => Uint8Array {
  return (bytes) =>
    rewrite(bytes, (document) => ({
      ...document,
      signatures: change(document['signatures'] as SignatureEntry[]),
    }));
}

export type SignatureEntry = { keyid: string; method: string; sig: string };

/** New keys for a role, made known by an honest new Root. */
export async function giveKeys(
  repository: SimulatedRepository,
  role: TopLevelRole,
  keys: SimulatedRole['keys'],
  threshold: number,
): Promise<void> {
  repository.roles[role].keys = keys;
  repository.roles[role].threshold = threshold;
  await repository.publishRoot();
}
