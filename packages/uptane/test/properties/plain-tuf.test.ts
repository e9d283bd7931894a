// The same promises for a plain TUF repository: in any order of publications, exchanges of keys and answers, forged or of
// the past, no version goes back, nothing refused is kept, and an honest refresh takes the newest.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { flipBit, type TufRepository, tufKey } from '@ota-connect/testkit';
import { MetadataError, type TopLevelRole } from '../../src/index.ts';
import { refreshed, type TufClient } from '../tuf/tuf-client.ts';
import { runs } from './runs.ts';

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

type Trick = {
  readonly role: TopLevelRole;
  readonly how: 'any file' | 'absent' | 'broken' | 'failing';
  readonly pick: number;
};
type Step =
  | { readonly kind: 'publish' }
  | { readonly kind: 'exchange keys'; readonly roles: readonly TopLevelRole[] }
  | { readonly kind: 'refresh'; readonly tricks: readonly Trick[] };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.constant({ kind: 'publish' as const }),
    fc.record({
      kind: fc.constant('exchange keys' as const),
      roles: fc.uniqueArray(fc.constantFrom(...ROLES), { minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('refresh' as const),
      tricks: fc.array(
        fc.record({
          role: fc.constantFrom(...ROLES),
          how: fc.constantFrom('any file' as const, 'any file' as const, 'absent', 'broken', 'failing'),
          pick: fc.nat(),
        }),
        { maxLength: 4 },
      ),
    }),
  ),
  { minLength: 2, maxLength: 14 },
);

class TufWorld {
  readonly repository: TufRepository;
  readonly client: TufClient;
  readonly #everything: Uint8Array[] = [];
  readonly #published = new Set<string>();
  readonly #withdrawing = new Set<number>();
  #count = 0;

  constructor(repository: TufRepository, client: TufClient) {
    this.repository = repository;
    this.client = client;
    this.#remember();
  }

  async take(step: Step): Promise<void> {
    this.#count += 1;
    if (step.kind === 'refresh') await this.#refresh(step.tricks);
    else if (step.kind === 'exchange keys') this.#exchange(step.roles);
    else this.repository.publish();
    this.#remember();
  }

  async converges(): Promise<void> {
    this.repository.addImage('newest.bin', new TextEncoder().encode('newest'));
    this.repository.publish();
    const trusted = await this.client.refresh();
    assert.ok((await trusted.find('newest.bin')) !== undefined);
    for (const role of ROLES) assert.equal(this.client.version(role), this.repository.roles[role].version);
  }

  #exchange(roles: readonly TopLevelRole[]): void {
    for (const role of roles) this.repository.roles[role].keys = [tufKey(`${role} ${this.#count}`)];
    this.repository.publishRoot();
    if (roles.includes('timestamp') || roles.includes('snapshot'))
      this.#withdrawing.add(this.repository.roles.root.version);
    this.repository.publish();
  }

  async #refresh(tricks: readonly Trick[]): Promise<void> {
    const before = ROLES.map((role) => this.client.version(role));
    for (const trick of tricks) this.#play(trick);
    try {
      await this.client.refresh();
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
    }
    this.repository.overrides.clear();
    const [from = 0] = before;
    const roots = Array.from({ length: this.client.version('root') - from }, (_, more) => from + more + 1);
    const wasWithdrawn = roots.some((version) => this.#withdrawing.has(version));
    for (const [index, role] of ROLES.entries()) {
      const now = this.client.version(role);
      const mayForget = wasWithdrawn && (role === 'timestamp' || (role === 'snapshot' && now === 0));
      if (!mayForget) assert.ok(now >= (before[index] ?? 0), `${role} went back to ${now}`);
      const stored = this.client.store.load(role);
      assert.ok(stored === undefined || this.#published.has(`${role} ${signedOf(stored)}`));
    }
  }

  #play({ role, how, pick }: Trick): void {
    const { files, overrides, roles } = this.repository;
    const version = role === 'root' ? this.client.version('root') + 1 : roles[role].version;
    const path = role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
    const honest = files.get(path) ?? new Uint8Array([0x7b]);
    if (how === 'absent') overrides.set(path, 'absent');
    else if (how === 'failing') overrides.set(path, new Error('the request failed'));
    else if (how === 'broken') overrides.set(path, flipBit(honest, pick % honest.byteLength, pick % 7));
    else overrides.set(path, this.#everything[pick % this.#everything.length] ?? honest);
  }

  #remember(): void {
    for (const [path, bytes] of this.repository.files) {
      const role = path.split('.').at(-2) ?? '';
      const text = `${role} ${signedOf(bytes)}`;
      if (!this.#published.has(text)) this.#everything.push(bytes);
      this.#published.add(text);
    }
  }
}

function signedOf(bytes: Uint8Array): string {
  return JSON.stringify((JSON.parse(new TextDecoder().decode(bytes)) as { readonly signed: object }).signed);
}

describe('any order of answers of a plain TUF repository', () => {
  it('takes no version back, keeps nothing refused, and converges', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps, async (listHashes, order) => {
        const { repository, client } = await refreshed((made) => {
          made.listHashes = listHashes;
        });
        const world = new TufWorld(repository, client);
        for (const step of order) await world.take(step);
        await world.converges();
      }),
      runs(50),
    );
  });
});
