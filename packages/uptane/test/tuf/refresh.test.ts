import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newRepository } from './tuf-client.ts';

describe('refresh of a plain TUF repository', () => {
  it('asks for Root, Timestamp, Snapshot and Targets, in this order, by their versions [5.2.7-1]', async () => {
    const { repository, client } = newRepository();
    await client.refresh();
    assert.deepEqual(repository.requests, [
      '2.root.json',
      'timestamp.json',
      '1.snapshot.json',
      '1.targets.json',
    ]);
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const)
      assert.equal(client.version(role), 1);
  });
});
