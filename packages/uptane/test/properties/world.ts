// Valid publications in any order, a clock, a client that polls, and an attacker on the wire, who can give any file that
// was ever published for any other, hide it, break it, or let the request fail. After each poll: what is stored was
// published for that very role, and no version went back. Source: Uptane Standard #full_verification, #check_root
import assert from 'node:assert/strict';
import { fixedKeys, flipBit, type MemoryMetadataStore, RepositorySimulator } from '@ota-connect/testkit';
import type { SimulatedDelegation } from '@ota-connect/testkit';
import { addSeconds, type Instant, MetadataError } from '../../src/index.ts';
import { TestClient } from '../client.ts';
import type { Step, Trick } from './steps.ts';

const BOTH = ['director', 'image'] as const;
const DAY = 86_400;
/** By what: version of a stored role, or of a file that a stored Snapshot lists. */
type Levels = ReadonlyMap<string, number>;

export class World {
  readonly simulator: RepositorySimulator;
  readonly client: TestClient;
  now: Instant;
  newest = 'first.bin';
  #count = 0;
  #supplier: SimulatedDelegation | undefined;
  /** `repository role`: what was ever signed for it. */
  readonly #published = new Map<string, Set<string>>();
  readonly #everything: Uint8Array[] = [];
  /** `repository version` of Roots that withdrew a Timestamp or Snapshot key. */
  readonly #withdrawing = new Set<string>();

  /** Files of the Director that nobody has: it is an original one. */
  readonly #unsigned: readonly string[];

  private constructor(simulator: RepositorySimulator, unsigned: readonly string[]) {
    this.simulator = simulator;
    this.#unsigned = unsigned;
    this.client = new TestClient(simulator);
    this.now = simulator.now;
  }

  static async create(directorFullRoles: boolean): Promise<World> {
    const simulator = await RepositorySimulator.create({ directorFullRoles });
    const world = new World(simulator, directorFullRoles ? [] : ['timestamp.json', 'snapshot.json']);
    for (const name of BOTH) world.#remember(name);
    await world.take({ kind: 'offer' });
    // Whoever answers the first request gives the first Root: the vehicle has seen the honest one.
    assert.equal(await world.poll([]), false);
    return world;
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'poll') await this.poll(step.tricks);
    else if (step.kind === 'wait') this.now = addSeconds(this.now, step.days * DAY);
    else await this.#publish(step);
  }

  /** Whether it was refused. */
  async poll(tricks: readonly Trick[]): Promise<boolean> {
    const before = BOTH.map((name) => this.levels(name));
    const undo = tricks.map((trick) => this.#play(trick));
    let refused = false;
    try {
      await this.client.verify(this.now);
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      refused = true;
    } finally {
      for (const restore of undo.toReversed()) restore();
    }
    BOTH.forEach((name, index) => {
      this.#checkStored(name);
      this.#checkLevels(name, before[index] ?? new Map(), this.levels(name));
    });
    return refused;
  }

  /** That an honest poll takes what was published last. */
  async converges(): Promise<void> {
    await this.#publish({ kind: 'renew' });
    await this.#publish({ kind: 'offer' });
    const [target] = await this.client.updates(this.now);
    assert.equal(target?.name, this.newest);
    assert.equal(await this.poll([]), false);
  }

  levels(name: 'director' | 'image'): Levels {
    const store = this.client[name];
    const levels = new Map([['full roles', store.flags().directorFullRoles() ? 1 : 0]]);
    for (const [role, { signed }] of documents(store)) {
      const isRoot = role.endsWith('.root');
      levels.set(isRoot ? 'root' : role, Math.max(signed.version, isRoot ? (levels.get('root') ?? 0) : 0));
      for (const [file, { version }] of Object.entries(signed.meta ?? {})) {
        if (file !== 'root.json') levels.set(`${role} lists ${file}`, version);
      }
    }
    return levels;
  }

  #checkStored(name: 'director' | 'image'): void {
    for (const [role, { signed }] of documents(this.client[name])) {
      const known = this.#published.get(`${name} ${role}`);
      assert.ok(known?.has(JSON.stringify(signed)), `${name} never published what is stored as ${role}`);
    }
  }

  #checkLevels(name: 'director' | 'image', before: Levels, after: Levels): void {
    const roots = [before.get('root') ?? 0, after.get('root') ?? 0] as const;
    for (const [what, level] of before) {
      const now = after.get(what);
      // With either key both files are forgotten, as TUF says: then an old Timestamp under the key that stayed counts
      // again, and leads no further than to a Snapshot that nobody can sign any more.
      const mayForget = what.startsWith('timestamp') || (what.startsWith('snapshot') && now === undefined);
      // Snapshot guards the version of a delegated role; the file is dropped when no image leads to it any more.
      if (what.startsWith('delegation ') && now === undefined) continue;
      if (mayForget && this.#wasWithdrawn(name, roots)) continue;
      assert.ok(
        now !== undefined && now >= level,
        `${name} ${what} went from ${level} to ${now ?? 'nothing'}`,
      );
    }
  }

  #wasWithdrawn(name: string, [from, to]: readonly [number, number]): boolean {
    for (let version = from + 1; version <= to; version += 1) {
      if (this.#withdrawing.has(`${name} ${version}`)) return true;
    }
    return false;
  }

  async #publish(step: Exclude<Step, { kind: 'poll' | 'wait' }>): Promise<void> {
    this.#count += 1;
    const { simulator } = this;
    if (step.kind === 'offer') this.#offer(`offer ${this.#count}.bin`);
    else if (step.kind === 'offer delegated') await this.#offerDelegated(`supplied/${this.#count}.bin`);
    else if (step.kind === 'renew') await this.#renew();
    else if (step.kind === 'exchange keys') await this.#exchange(step);
    else for (const name of BOTH) await simulator.repository(name).publishRoot();
    await simulator.publish();
    for (const name of BOTH) this.#remember(name);
  }

  #offer(name: string): void {
    this.newest = name;
    this.simulator.director.targets.clear();
    this.simulator.offer(name);
  }

  async #offerDelegated(name: string): Promise<void> {
    this.newest = name;
    this.simulator.director.targets.clear();
    this.#supplier ??= await this.simulator.delegate('supplier', ['supplied/*']);
    this.#supplier.version += 1;
    const content = new TextEncoder().encode(name);
    const image = { name, content, hardwareIds: ['primary-hw'] };
    this.simulator.assign(this.simulator.addDelegatedImage(this.#supplier, image));
  }

  async #renew(): Promise<void> {
    for (const name of BOTH) {
      const { roles, delegations } = this.simulator.repository(name);
      for (const role of [...Object.values(roles), ...delegations])
        role.expires = addSeconds(this.now, 30 * DAY);
      for (const delegation of delegations) delegation.version += 1;
      await this.simulator.repository(name).publishRoot();
    }
  }

  async #exchange({
    repository: name,
    roles,
    threshold,
  }: Extract<Step, { kind: 'exchange keys' }>): Promise<void> {
    const repository = this.simulator.repository(name);
    for (const role of roles) {
      repository.roles[role].keys = await fixedKeys(`${name} ${role} ${this.#count}`, threshold);
      repository.roles[role].threshold = threshold;
    }
    await repository.publishRoot();
    if (roles.includes('timestamp') || roles.includes('snapshot')) {
      this.#withdrawing.add(`${name} ${repository.roles.root.version}`);
    }
  }

  #remember(name: 'director' | 'image'): void {
    for (const [path, bytes] of this.simulator.repository(name).files) {
      if (name === 'director' && this.#unsigned.includes(path)) continue;
      const role = decodeURIComponent(path).replace('delegations/', 'delegation ').replace('.json', '');
      const known = this.#published.get(`${name} ${role}`) ?? new Set();
      const { signed } = JSON.parse(new TextDecoder().decode(bytes)) as Document;
      if (known.size < known.add(JSON.stringify(signed)).size) this.#everything.push(bytes);
      this.#published.set(`${name} ${role}`, known);
    }
  }

  /** Answers what takes it back. */
  #play({ repository: name, path: title, how, pick }: Trick): () => void {
    const { overrides, files, history } = this.simulator.repository(name);
    const stored = this.levels(name).get('root') ?? 0;
    const path = title === 'next root' ? `${stored + 1}.root.json` : title;
    const earlier = overrides.get(path);
    const isUnsigned = name === 'director' && this.#unsigned.includes(path);
    const old = isUnsigned ? undefined : history[pick % history.length]?.get(path);
    const now = (isUnsigned ? undefined : files.get(path)) ?? new Uint8Array([0x7b]);
    if (how === 'absent') overrides.set(path, 'absent');
    else if (how === 'failing') overrides.set(path, new Error('the request failed'));
    else if (how === 'broken') overrides.set(path, flipBit(now, pick % now.byteLength, pick % 7));
    else if (how === 'other') overrides.set(path, this.#everything[pick % this.#everything.length] ?? now);
    else if (old !== undefined) overrides.set(path, old);
    return () => (earlier === undefined ? overrides.delete(path) : overrides.set(path, earlier));
  }
}

type Document = {
  readonly signed: { readonly version: number; readonly meta?: Record<string, { readonly version: number }> };
};

function documents(store: MemoryMetadataStore): readonly (readonly [string, Document])[] {
  return [...store.contents()].map(([role, text]) => [role, JSON.parse(text) as Document]);
}
