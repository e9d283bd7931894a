import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { createMemoryKeeper } from './flat-memory.ts';

const MINOR = constants.NODE_PERFORMANCE_GC_MINOR;
const FORCED = constants.NODE_PERFORMANCE_GC_FLAGS_FORCED;

async function forcedCollections(pieces: readonly number[]): Promise<number> {
  const keep = await createMemoryKeeper();
  let seen = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = Reflect.get(entry, 'detail') as { kind: number; flags: number };
      if (kind === MINOR && (flags & FORCED) !== 0) seen += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  for (const bytes of pieces) keep(bytes);
  // Collections are told on a later turn.
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  observer.disconnect();
  return seen;
}

describe('memory during a transfer', () => {
  it('is collected once for every four MiB that passed', async () => {
    assert.equal(await forcedCollections(Array<number>(12).fill(1024 * 1024)), 3);
  });

  it('is left alone before, and no collector is shown to other code', async () => {
    assert.equal(await forcedCollections([1024 * 1024]), 0);
    assert.equal(Reflect.get(globalThis, 'gc'), undefined);
  });
});
