import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newId } from './ids.ts';

describe('ids', () => {
  it('are UUIDs of version 7', () => {
    assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('grow, also within a millisecond and when the clock goes back', () => {
    const now = Date.now();
    const ids = [...Array.from({ length: 10_000 }, () => newId(now)), newId(now - 5_000)];
    assert.deepEqual(ids, ids.toSorted());
    assert.equal(new Set(ids).size, ids.length);
  });
});
