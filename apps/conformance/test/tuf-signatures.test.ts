// Signatures and keys before `tuf-client`: whatever is not enough for a role's threshold is refused and never stored.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { relisted, tufKey, type TufRole } from '@ota-connect/testkit';
import { BELOW_ROOT, bump, itRuns, text, title } from './tuf-world.ts';

type Top = 'root' | (typeof BELOW_ROOT)[number];

describe('tuf-client refresh, signatures', () => {
  for (const [kind, name] of [
    ['rsa-pss-sha256', 'RSA-PSS'],
    ['ecdsa-p256', 'ECDSA P-256'],
    ['ed25519', 'Ed25519'],
  ] as const) {
    itRuns(
      `takes ${name} keys for every role, and refuses a well-formed signature of theirs that is wrong`,
      async (world) => {
        await world.init();
        await world.refreshes();
        const key = tufKey('timestamp', kind);
        world.repository.roles.timestamp.signWith = [
          { ...key, sign: () => key.sign(text('something else')) },
        ];
        bump(world.repository);
        await world.refuses('(?:BadKeyId|UnmetThreshold)');
      },
      ({ roles }) => {
        for (const [role, one] of Object.entries(roles) as [Top, TufRole][]) one.keys = [tufKey(role, kind)];
      },
    );
  }

  itRuns('refuses Snapshot with fewer signatures than its threshold', async (world) => {
    const { snapshot } = world.repository.roles;
    snapshot.keys = [tufKey('one'), tufKey('two'), tufKey('three')];
    snapshot.threshold = 3;
    snapshot.signWith = snapshot.keys.slice(0, 2);
    await world.init();
    await world.refuses('UnmetThreshold::Snapshot');
    assert.deepEqual(world.trusted(), { root: 1, timestamp: 1 });
    delete snapshot.signWith;
    bump(world.repository);
    await world.refreshes();
  });

  itRuns('takes a Root whose role has fewer keys than its threshold, and refuses the role', async (world) => {
    await world.init();
    await world.refreshes();
    world.repository.roles.snapshot.threshold = 2;
    bump(world.repository, true);
    await world.refuses('UnmetThreshold::Snapshot');
    assert.equal(world.trusted()['root'], 2);
    assert.equal(world.trusted()['snapshot'], 1);
  });

  itRuns('refuses a file that one key signed twice', async (world) => {
    await world.init();
    await world.refreshes();
    world.repository.roles.timestamp.editSignatures = (all) => [...all, ...all];
    bump(world.repository);
    await world.refuses('NonUniqueSignatures::Timestamp');
    assert.equal(world.trusted()['timestamp'], 1);
  });

  itRuns('does not count a key id that a role lists nine times', async (world) => {
    await world.init();
    const { snapshot } = world.repository.roles;
    snapshot.keys = Array.from({ length: 9 }, () => tufKey('snapshot'));
    snapshot.threshold = 6;
    snapshot.signWith = [tufKey('snapshot')];
    bump(world.repository, true);
    assert.equal((await world.refresh()).code, 1);
    assert.equal(world.trusted()['snapshot'], undefined);
  });

  for (const sig of ['d10ad0dd'.repeat(16), ''])
    itRuns(
      `takes a file with an invalid signature ("${sig.slice(0, 8)}") beside a valid one`,
      async (world) => {
        await world.init();
        await world.refreshes();
        const { timestamp } = world.repository.roles;
        timestamp.keys = [tufKey('timestamp'), tufKey('other')];
        timestamp.editSignatures = (all) => all.map((one, index) => (index === 0 ? one : { ...one, sig }));
        bump(world.repository, true);
        await world.refreshes();
        assert.equal(world.trusted()['timestamp'], 2);
      },
    );

  itRuns('ignores what a key says of key id hash algorithms', async (world) => {
    const key = tufKey('root');
    const listed = { ...key.listed, keyid_hash_algorithms: 'md5' };
    world.repository.roles.root.keys = [relisted(key, { listed })];
    await world.init();
    await world.refreshes();
  });

  for (const role of ['root', ...BELOW_ROOT] as const)
    itRuns(`refuses ${role} of the type of another role`, async (world) => {
      await world.init();
      const wrong: TufRole = world.repository.roles[role];
      wrong.edit = (signed) => ({ ...signed, _type: role === 'snapshot' ? 'timestamp' : 'snapshot' });
      bump(world.repository, true);
      await world.refuses(`SecurityException::${title(role)}`);
    });
});
