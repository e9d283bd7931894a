// One small edit anywhere in a valid repository, on the wire or on the disk: the client refuses, or comes to the honest
// verdict; and the next honest answer finds it able to go on.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { offerDelegated, RepositorySimulator } from '@ota-connect/testkit';
import { MetadataError, type StoredRole, type Verdict } from '../../src/index.ts';
import { TestClient } from '../client.ts';
import { runs } from './runs.ts';

type Edit = {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  readonly to: number;
  readonly byte: number;
};

const KINDS = ['flip', 'insert', 'delete', 'swap', 'repeat', 'cut'] as const;
const BOTH = ['director', 'image'] as const;
const DELEGATED = { delegation: 'supplier' };
const NESTED = { delegation: 'supplier of supplier' };
const STORED: readonly (readonly [(typeof BOTH)[number], StoredRole])[] = [
  ...BOTH.flatMap((name) =>
    (['root', 'timestamp', 'snapshot', 'targets'] as const).map((role) => [name, role] as const),
  ),
  ['image', DELEGATED],
  ['image', NESTED],
];

const edits: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fc.nat(),
  to: fc.nat(),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0 \n'))),
});

const essence = (verdict: Verdict): unknown =>
  verdict.kind === 'updates'
    ? verdict.targets.map(({ name, hashes, lengthBytes, ecus }) => ({
        name,
        hashes,
        lengthBytes,
        ecus: [...ecus],
      }))
    : [];

function edited(bytes: Uint8Array, { kind, at, to, byte }: Edit): Uint8Array {
  const list = [...bytes];
  const place = at % list.length;
  const other = to % list.length;
  const [from, end] = [Math.min(place, other), Math.max(place, other)];
  if (kind === 'flip') list[place] = (list[place] ?? 0) ^ (1 << (to % 8));
  else if (kind === 'insert') list.splice(place, 0, byte);
  else if (kind === 'delete') list.splice(place, 1 + (to % 3));
  else if (kind === 'swap') [list[place], list[other]] = [list[other] ?? 0, list[place] ?? 0];
  else if (kind === 'repeat') list.splice(end, 0, ...list.slice(from, end));
  else list.length = place;
  return Uint8Array.from(list);
}

/** Both images are on offer: one of the top-level Targets, one of a role two delegations down. */
async function world(): Promise<RepositorySimulator> {
  const simulator = await RepositorySimulator.create();
  await simulator.publish();
  simulator.offer('app.bin');
  const supplier = await offerDelegated(simulator);
  const nested = await simulator.delegate(NESTED.delegation, ['supplied/*'], supplier);
  for (const [name, target] of supplier.targets) nested.targets.set(name, target);
  supplier.targets.clear();
  simulator.director.targets.delete('app.bin');
  await simulator.publish();
  return simulator;
}

async function isHonestOrRefused(client: TestClient, honest: unknown): Promise<void> {
  try {
    assert.deepEqual(essence(await client.verify()), honest);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
  }
}

describe('a small edit of any file', () => {
  it('is refused or harmless on the wire, and the client goes on [full_verification/15]', async () => {
    const simulator = await world();
    const honest = essence(await new TestClient(simulator).verify());
    const paths = BOTH.flatMap((name) =>
      [...simulator.repository(name).files.keys()].map((path) => [name, path] as const),
    );
    assert.ok(paths.some(([, path]) => path.includes('supplier%20of%20supplier')));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.boolean(), edits, async ([name, path], knows, edit) => {
        const { overrides, files, history } = simulator.repository(name);
        const client = new TestClient(simulator);
        if (knows) {
          for (const both of BOTH) simulator.repository(both).replay(0);
          await client.verify();
          for (const both of BOTH) simulator.repository(both).overrides.clear();
        }
        overrides.set(path, edited(files.get(path) ?? new Uint8Array(), edit));
        assert.ok(history.length > 1);
        try {
          await isHonestOrRefused(client, honest);
        } finally {
          overrides.clear();
        }
        assert.deepEqual(essence(await client.verify()), honest);
      }),
      runs(300),
    );
  });

  it('is refused or harmless on the disk, with and without the network [full_verification/15]', async () => {
    const simulator = await world();
    const whole = new TestClient(simulator);
    const honest = essence(await whole.verify());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STORED), edits, async ([name, role], edit) => {
        const client = new TestClient(simulator);
        const stores = { director: whole.director.copy(), image: whole.image.copy() };
        Object.assign(client, stores);
        const stored = stores[name].load(role) ?? assert.fail('it was never stored');
        stores[name].save(role, edited(stored, edit), 1);
        await client.verifyStored().then(
          (verdict) => assert.deepEqual(essence(verdict), honest),
          (error: unknown) => assert.ok(error instanceof MetadataError),
        );
        await isHonestOrRefused(client, honest);
        // A broken Root is for the operator; anything else is fetched again.
        if (role !== 'root') assert.deepEqual(essence(await client.verify()), honest);
      }),
      runs(300),
    );
  });
});
