// Versions, lists of other files and time before `tuf-client`: what goes back, contradicts or has expired is refused, and
// nothing of it stands in the way of the next good state.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe } from 'node:test';
import { tufKey, type TufRole } from '@ota-connect/testkit';
import { addSeconds, type JsonObject } from '@ota-connect/uptane';
import { BELOW_ROOT, bump, DAY, itRuns, title } from './tuf-world.ts';

const ALL_ONE = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };

describe('tuf-client refresh, versions and time', () => {
  itRuns('refuses Timestamp that goes back', async (world) => {
    await world.init();
    bump(world.repository);
    await world.refreshes();
    world.repository.roles.timestamp.version = 0;
    bump(world.repository);
    await world.refuses('Rollback');
    assert.equal(world.trusted()['timestamp'], 2);
  });

  for (const listHashes of [false, true])
    for (const role of ['snapshot', 'targets'] as const)
      itRuns(
        `refuses ${role} that goes back, ${listHashes ? 'with' : 'without'} hashes listed`,
        async (world) => {
          world.repository.listHashes = listHashes;
          await world.init();
          bump(world.repository);
          await world.refreshes();
          world.repository.roles[role].version = 0;
          bump(world.repository);
          await world.refuses('Rollback');
          assert.equal(world.trusted()[role], 2);
        },
      );

  itRuns('keeps the Timestamp that it has, when another one has the same version', async (world) => {
    await world.init();
    await world.refreshes();
    const before = readFileSync(path.join(world.metadata, 'timestamp.json'));
    world.repository.roles.timestamp.version = 0;
    bump(world.repository);
    await world.refreshes();
    assert.deepEqual(readFileSync(path.join(world.metadata, 'timestamp.json')), before);
    assert.deepEqual(world.trusted(), ALL_ONE);
  });

  for (const role of ['timestamp', 'snapshot', 'targets'] as const)
    itRuns(
      `recovers from a fast-forward of ${role}, once its key and those above it were exchanged`,
      async (world) => {
        const { roles } = world.repository;
        roles[role].version = Number.MAX_SAFE_INTEGER - 5;
        await world.init();
        await world.refreshes();
        roles[role].version = 0;
        bump(world.repository);
        await world.refuses('Rollback');
        for (const name of BELOW_ROOT) {
          roles[name].keys = [tufKey(`recovered ${name}`)];
          roles[name].version = 0;
          if (name === role) break;
        }
        roles.snapshot.keys = [tufKey('recovered snapshot')];
        roles.timestamp.keys = [tufKey('recovered timestamp')];
        bump(world.repository, true);
        await world.refreshes();
        assert.ok((world.trusted()[role] ?? Infinity) < 5);
      },
    );

  itRuns(
    'recovers from a fast-forward of targets, once the key of Snapshot alone was exchanged',
    async (world) => {
      const { roles } = world.repository;
      roles.targets.version = 99;
      await world.init();
      await world.refreshes();
      roles.snapshot.keys = [tufKey('recovered snapshot')];
      roles.targets.version = 0;
      bump(world.repository, true);
      await world.refreshes();
      assert.equal(world.trusted()['targets'], 1);
    },
  );

  for (const role of ['root', 'snapshot', 'targets'] as const)
    itRuns(`refuses ${role} of another version than its name says`, async (world) => {
      await world.init();
      const wrong: TufRole = world.repository.roles[role];
      wrong.edit = (signed) => ({ ...signed, version: 7 });
      bump(world.repository, true);
      await world.refuses(role === 'root' ? 'RootRotationError' : `VersionMismatch::${title(role)}`);
      assert.notEqual(world.trusted()[role], 7);
    });

  for (const [role, above] of [
    ['snapshot', 'timestamp'],
    ['targets', 'snapshot'],
  ] as const)
    itRuns(`refuses ${role} of another hash than ${above} lists`, async (world) => {
      const { repository } = world;
      repository.listHashes = true;
      await world.init();
      await world.refreshes();
      const file = `${role}.json`;
      repository.roles[above].edit = (signed) => {
        const meta = signed['meta'] as Record<string, JsonObject>;
        return {
          ...signed,
          meta: { ...meta, [file]: { ...meta[file], hashes: { sha256: '00'.repeat(32) } } },
        };
      };
      bump(repository);
      await world.refuses(`MetadataHashMismatch::${title(role)}`);
      assert.equal(world.trusted()[role], 1);
      delete repository.roles[above].edit;
      bump(repository);
      await world.refreshes();
    });

  itRuns('refuses Snapshot that lists a role no longer', async (world) => {
    const { repository } = world;
    repository.delegate('role1');
    await world.init();
    await world.refreshes();
    repository.roles.targets.delegations.length = 0;
    bump(repository);
    await world.refuses('Rollback');
    assert.equal(world.trusted()['snapshot'], 1);
  });

  for (const role of ['root', ...BELOW_ROOT] as const)
    itRuns(`refuses ${role} that has expired, and takes the next one`, async (world) => {
      const { repository } = world;
      const late: TufRole = repository.roles[role];
      await world.init();
      await world.refreshes();
      late.expires = addSeconds(late.expires, -40 * DAY);
      bump(repository, true);
      await world.refuses(`ExpiredMetadata::${title(role)}`);
      if (role !== 'root') assert.equal(world.trusted()[role], 1);
      late.expires = addSeconds(late.expires, 40 * DAY);
      bump(repository, true);
      await world.refreshes();
      assert.equal(world.trusted()[role], 3);
    });

  for (const role of ['root', 'timestamp'] as const)
    itRuns(`takes the new state, when the ${role} that it has expired long ago`, async (world) => {
      const { repository } = world;
      await world.init();
      await world.refreshes();
      await world.refuses('ExpiredMetadata::Root', 40);
      for (const one of Object.values(repository.roles) as TufRole[])
        one.expires = addSeconds(one.expires, 60 * DAY);
      bump(repository, true);
      await world.refreshes(40);
      assert.equal(world.trusted()[role], 2);
    });
});
