import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tufKey, type TufRepository } from '@ota-connect/testkit';
import { addSeconds, type JsonObject, type JsonValue } from '../../src/index.ts';
import { A_YEAR, newRepository, NOW, refreshed, type TufClient } from './tuf-client.ts';

/** What the client asked for last. */
const lastRequest = (repository: TufRepository): string | undefined => repository.requests.at(-1);

function trusted(client: TufClient): readonly number[] {
  return (['timestamp', 'snapshot', 'targets'] as const).map((role) => client.version(role));
}

describe('rollback in plain TUF', () => {
  it('refuses a Timestamp of a lower version', async () => {
    const { repository, client } = await refreshed((prepared) => prepared.publish());
    repository.roles.timestamp.version = 0;
    repository.publish();
    assert.equal((await client.refuses('Rollback')).attack, 'rollback');
    assert.equal(lastRequest(repository), 'timestamp.json');
    assert.equal(client.version('timestamp'), 2);
  });

  it('leaves a Timestamp of the same version, whatever it says, and uses the one that it has', async () => {
    for (const version of [100, 1]) {
      const { repository, client } = await refreshed((prepared) => prepared.publish());
      const before = client.store.contents();
      repository.roles.timestamp.version -= 1;
      repository.roles.timestamp.edit = (signed) => ({ ...signed, meta: { 'snapshot.json': { version } } });
      repository.publish();
      assert.deepEqual(await client.requests(), ['2.root.json', 'timestamp.json']);
      assert.deepEqual(client.store.contents(), before);
    }
  });

  it('does not leave it when the one that it has lacks signatures by today’s rules', async () => {
    const { repository, client } = await refreshed();
    Object.assign(repository.roles.timestamp, {
      keys: [tufKey('timestamp'), tufKey('second')],
      threshold: 2,
    });
    repository.publishRoot();
    repository.roles.timestamp.version = 0;
    repository.publish();
    await client.refresh();
    assert.deepEqual(trusted(client), [1, 2, 2]);
  });

  it('refuses a Timestamp of the same version that is not signed', async () => {
    const { repository, client } = await refreshed();
    repository.roles.timestamp.version = 0;
    repository.roles.timestamp.signWith = [];
    repository.publish();
    await client.refuses('UnmetThreshold::Timestamp');
  });

  for (const listHashes of [false, true]) {
    const how = listHashes ? 'with hashes' : 'without hashes';

    it(`refuses a newer Timestamp that lists an older Snapshot, ${how}`, async () => {
      const { repository, client } = await refreshed((prepared) => {
        prepared.listHashes = listHashes;
        prepared.publish();
      });
      repository.roles.snapshot.version = 0;
      repository.publish();
      await client.refuses('Rollback');
      assert.equal(lastRequest(repository), 'timestamp.json');
      assert.deepEqual(trusted(client), [2, 2, 2]);
    });

    it(`refuses a newer Snapshot that lists older Targets, ${how}`, async () => {
      const { repository, client } = await refreshed((prepared) => {
        prepared.listHashes = listHashes;
        prepared.publish();
      });
      repository.roles.targets.version = 0;
      repository.publish();
      await client.refuses('Rollback');
      assert.deepEqual(trusted(client), [3, 2, 2]);
    });
  }

  it('refuses a Snapshot that lists a lower version of a delegated role, or lists it no longer', async () => {
    for (const drops of [false, true]) {
      const { repository, client } = await refreshed((prepared) => {
        prepared.delegate('supplier', { version: 2 });
      });
      if (drops) repository.roles.targets.delegations.length = 0;
      for (const delegation of repository.roles.targets.delegations) delegation.version = 1;
      repository.publish();
      await client.refuses('Rollback');
    }
  });

  it('keeps an older Snapshot under the right name out', async () => {
    const { repository, client } = await refreshed();
    repository.publish();
    repository.overrides.set('2.snapshot.json', repository.files.get('1.snapshot.json') ?? 'absent');
    await client.refuses('VersionMismatch::Snapshot');
    assert.deepEqual(trusted(client), [2, 1, 1]);
  });

  it('remembers versions when what it has is expired', async () => {
    const { repository, client } = await refreshed((prepared) => prepared.publish());
    const later = addSeconds(NOW, 2 * A_YEAR);
    for (const role of Object.values(repository.roles)) role.expires = addSeconds(later, A_YEAR);
    repository.publishRoot();
    repository.roles.timestamp.version = 0;
    repository.publish();
    await client.refuses('Rollback', later);
    repository.roles.timestamp.version = 2;
    repository.roles.snapshot.version = 1;
    repository.publish();
    await client.refresh(later);
    assert.equal(client.version('snapshot'), 2);
    repository.roles.targets.version = 1;
    repository.publish();
    await client.refuses('Rollback', later);
  });

  it('recovers from a fast-forward once the keys that did it are withdrawn', async () => {
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      const { repository, client } = newRepository();
      repository.roles[role].version = Number.MAX_SAFE_INTEGER - 1;
      repository.publish();
      await client.refresh();
      assert.equal(client.version(role), Number.MAX_SAFE_INTEGER);
      const withdrawn = role === 'timestamp' ? 'timestamp' : 'snapshot';
      repository.roles[withdrawn].keys = [tufKey('fresh')];
      repository.publishRoot();
      repository.roles[role].version = 5;
      repository.publish();
      await client.refresh();
      assert.equal(client.version(role), 6);
    }
  });

  it('forgets nothing when a key is added or a threshold changes', async () => {
    const { repository, client } = await refreshed((prepared) => prepared.publish());
    repository.roles.timestamp.keys = [tufKey('timestamp'), tufKey('second')];
    repository.publishRoot();
    repository.roles.timestamp.version = 0;
    repository.publish();
    await client.refuses('Rollback');
  });

  for (const [what, version] of [
    ['0', 0],
    ['-1', -1],
    ['text', '2'],
    ['absent', null],
    ['2^53', 2 ** 53],
  ] as const) {
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      it(`refuses ${role} whose version is ${what}`, async () => {
        const { repository, client } = newRepository();
        repository.roles[role].edit = (signed) => ({ ...signed, version });
        repository.publish();
        await client.refuses('SecurityException');
      });
    }

    it(`refuses a listed version that is ${what}`, async () => {
      for (const role of ['timestamp', 'snapshot'] as const) {
        const { repository, client } = newRepository();
        repository.roles[role].edit = (signed) => ({
          ...signed,
          meta: withVersions(signed['meta'], version),
        });
        repository.publish();
        await client.refuses('SecurityException');
      }
    });
  }
});

function withVersions(meta: JsonValue | undefined, version: JsonValue): JsonObject {
  return Object.fromEntries(Object.keys(meta as JsonObject).map((name) => [name, { version }]));
}

describe('expiry in plain TUF', () => {
  for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
    const title = `${role.charAt(0).toUpperCase()}${role.slice(1)}`;

    it(`refuses ${role} from the very second of its expiry on, and keeps what came before`, async () => {
      const { repository, client } = await refreshed();
      repository.roles[role].expires = addSeconds(NOW, 60);
      repository.publish();
      const error = await client.refuses(`ExpiredMetadata::${title}`, addSeconds(NOW, 60));
      assert.equal(error.attack, 'freeze');
      assert.equal(client.version(role), 1);
      await client.refresh(addSeconds(NOW, 59));
      assert.equal(client.version(role), 2);
    });

    it(`goes on when the ${role} that it has is expired and a newer one is there`, async () => {
      const { repository, client } = newRepository((prepared) => {
        prepared.roles[role].expires = addSeconds(NOW, 60);
      });
      await client.refresh();
      await client.refuses(`ExpiredMetadata::${title}`, addSeconds(NOW, 60));
      repository.roles[role].expires = addSeconds(NOW, A_YEAR);
      repository.publish();
      await client.refresh(addSeconds(NOW, 60));
      assert.deepEqual(trusted(client), [2, 2, 2]);
    });
  }

  it('refuses the same Timestamp once it is expired, whatever a new one of its version says', async () => {
    const { repository, client } = newRepository((prepared) => {
      prepared.roles.timestamp.expires = addSeconds(NOW, 60);
    });
    await client.refresh();
    repository.roles.timestamp.expires = addSeconds(NOW, A_YEAR);
    repository.roles.timestamp.version = 0;
    repository.publish();
    await client.refuses('ExpiredMetadata::Timestamp', addSeconds(NOW, 60));
  });
});
