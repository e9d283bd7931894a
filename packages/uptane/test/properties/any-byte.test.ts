import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { flipBit, RepositorySimulator } from '@ota-connect/testkit';
import { MetadataError, type Verdict } from '../../src/index.ts';
import { TestClient } from '../client.ts';

const FILES = [
  ['director', '1.root.json'],
  ['director', 'timestamp.json'],
  ['director', 'snapshot.json'],
  ['director', 'targets.json'],
  ['image', '1.root.json'],
  ['image', 'timestamp.json'],
  ['image', 'snapshot.json'],
  ['image', 'targets.json'],
] as const;

const essence = (verdict: Verdict): unknown =>
  verdict.kind === 'updates'
    ? verdict.targets.map(({ name, hashes, ecus }) => ({ name, hashes, ecus: [...ecus] }))
    : [];

describe('a flipped bit', () => {
  it('is refused or harmless, wherever it is [full_verification/15]', async () => {
    const simulator = await RepositorySimulator.create();
    simulator.offer('app.bin');
    await simulator.publish();
    const honest = essence(await new TestClient(simulator).verify());
    const anywhere = fc.record({ file: fc.constantFrom(...FILES), at: fc.nat(), bit: fc.nat(7) });
    await fc.assert(
      fc.asyncProperty(anywhere, async ({ file: [name, path], at, bit }) => {
        const { overrides, files } = simulator.repository(name);
        const bytes = files.get(path) ?? new Uint8Array();
        overrides.set(path, flipBit(bytes, at % bytes.byteLength, bit));
        try {
          assert.deepEqual(essence(await new TestClient(simulator).verify()), honest);
        } catch (error) {
          if (!(error instanceof MetadataError)) throw error;
        } finally {
          overrides.clear();
        }
      }),
      { numRuns: Number(process.env['OTA_TEST_RUNS'] ?? 400) },
    );
  });
});
