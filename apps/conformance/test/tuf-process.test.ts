// `tuf-client` as the process that a conformance suite starts, at the real time.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { bump, text, withTuf } from './tuf-world.ts';

describe('tuf-client, process', () => {
  it('is handed a Root, refreshes, downloads several targets, and says what it refuses', () =>
    withTuf(
      (repository) => {
        for (const name of ['two', 'one', 'dir/three']) repository.addImage(name, text(name));
      },
      async (world) => {
        await world.init();
        assert.deepEqual(world.asked(), []);
        await world.refreshes();
        assert.deepEqual(world.trusted(), { root: 1, snapshot: 1, targets: 1, timestamp: 1 });
        const { code, out, err } = await world.download('two', 'one', 'dir/three');
        assert.equal(code, 0, err);
        assert.equal(err, '');
        assert.equal(out.length, 3);
        assert.deepEqual(world.landed(), ['two', 'one', 'dir/three']);
        world.repository.roles.snapshot.signWith = [];
        bump(world.repository);
        await world.refuses('UnmetThreshold::Snapshot');
        assert.equal((await world.download('missing')).code, 1);
        const others = readdirSync(world.metadata).filter((name) => !name.endsWith('.json'));
        assert.deepEqual(others, ['.lock']);
      },
      { asProcess: true },
    ));
});
