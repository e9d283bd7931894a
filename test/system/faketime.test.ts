// The conformance clients under `faketime`, as conformance suites run them: the time that it tells is the time that counts.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PRIMARY, RepositorySimulator } from '@ota-connect/testkit';
import { addSeconds, instantFromMs } from '@ota-connect/uptane';
import { runProcess, serve, temporaryFolder } from '../../apps/conformance/test/served.ts';
import { bump, DAY, withTuf } from '../../apps/conformance/test/tuf-world.ts';
import { errOf, uptaneArguments } from '../../apps/conformance/test/uptane-vehicle.ts';

describe('under faketime', () => {
  it('tuf-client refuses what has expired by then, and takes what has not', () =>
    withTuf(
      () => undefined,
      async (world) => {
        await world.init();
        await world.refreshes();
        await world.refreshes(29);
        await world.refuses('ExpiredMetadata::Root', 31);
        for (const role of Object.values(world.repository.roles))
          role.expires = addSeconds(role.expires, 60 * DAY);
        bump(world.repository, true);
        await world.refreshes(31);
        assert.deepEqual(world.trusted(), { root: 2, snapshot: 2, targets: 2, timestamp: 2 });
        await world.refreshes();
      },
      { asProcess: true },
    ));

  it('uptane-client refuses what has expired by then, and takes what has not', async () => {
    const now = instantFromMs(Date.now());
    const simulator = await RepositorySimulator.create({ now, directorFullRoles: false });
    simulator.offer('app.bin', 'app', [PRIMARY]);
    await simulator.publish();
    const { url, close } = await serve((message, response) => simulator.handle(message, response));
    const { folder, remove } = temporaryFolder();
    const args = uptaneArguments(url, `${folder}/storage`, `${folder}/targets`);
    const late = await runProcess('uptane-client', args, ['faketime', '-f', '+31d']);
    assert.equal(late.code, 3, late.err);
    assert.equal(errOf(late), 'ExpiredMetadata::Root');
    const inTime = await runProcess('uptane-client', args, ['faketime', '-f', '+29d']);
    assert.equal(inTime.code, 0, inTime.err);
    await close();
    remove();
  });
});
