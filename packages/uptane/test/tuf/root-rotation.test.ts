import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tufKey, type TufKey } from '@ota-connect/testkit';
import { addSeconds, MetadataError, TUF_LIMITS, type JsonValue } from '../../src/index.ts';
import { A_YEAR, newRepository, NOW, refreshed, type TufClient, without } from './tuf-client.ts';

const ROLES = ['timestamp', 'snapshot', 'targets'] as const;
const keys = (names: string): readonly TufKey[] => Array.from(names, (name) => tufKey(`key ${name}`));

/** Keys, threshold and signers of each Root from the second on, and how many of them a client takes. */
type Sequence = {
  readonly title: string;
  readonly roots: readonly [string, number, string][];
  readonly taken: number;
};
const FIRST = ['1', 1, '1'] as const;
const SEQUENCES: readonly Sequence[] = [
  { title: 'nothing but the version changes', roots: [['1', 1, '1']], taken: 1 },
  { title: 'another key, signed by both', roots: [['2', 1, '12']], taken: 1 },
  { title: 'another key, signed by the old one alone', roots: [['2', 1, '1']], taken: 0 },
  { title: 'another key, signed by the new one alone', roots: [['2', 1, '2']], taken: 0 },
  { title: 'another key, signed by both and by a stranger', roots: [['2', 1, '129']], taken: 1 },
  {
    title: 'two exchanges in a row',
    roots: [
      ['2', 1, '12'],
      ['3', 1, '23'],
    ],
    taken: 2,
  },
  {
    title: 'two exchanges, the second without the key between',
    roots: [
      ['2', 1, '12'],
      ['3', 1, '13'],
    ],
    taken: 1,
  },
  { title: 'a higher threshold, met', roots: [['12', 2, '12']], taken: 1 },
  { title: 'a higher threshold, not met by itself', roots: [['12', 2, '1']], taken: 0 },
  {
    title: 'a lower threshold, signed by as many as before',
    roots: [
      ['12', 2, '12'],
      ['12', 1, '12'],
    ],
    taken: 2,
  },
  {
    title: 'a lower threshold, signed by fewer than before',
    roots: [
      ['12', 2, '12'],
      ['12', 1, '1'],
    ],
    taken: 1,
  },
  {
    title: 'one of five is exchanged',
    roots: [
      ['12345', 3, '1234'],
      ['12346', 3, '126'],
    ],
    taken: 1,
  },
  {
    title: 'one of five is exchanged, by enough of both',
    roots: [
      ['12345', 3, '123'],
      ['12346', 3, '1236'],
    ],
    taken: 2,
  },
  {
    title: 'all of three, with a step between',
    roots: [
      ['123', 2, '123'],
      ['34', 2, '2345'],
      ['56', 2, '3456'],
    ],
    taken: 3,
  },
  {
    title: 'all of three at once, signed by too few of old',
    roots: [
      ['123', 2, '123'],
      ['456', 2, '1456'],
    ],
    taken: 1,
  },
];

describe('Roots of plain TUF', () => {
  for (const { title, roots, taken } of SEQUENCES) {
    it(`follows Roots as far as both thresholds reach: ${title}`, async () => {
      const { repository, client } = newRepository((prepared) => {
        prepared.roles.root.keys = keys(FIRST[0]);
      });
      const { root } = repository.roles;
      for (const [names, threshold, signers] of roots) {
        Object.assign(root, { keys: keys(names), threshold, signWith: keys(signers) });
        repository.publishRoot();
      }
      const outcome = await outcomeOf(client);
      assert.equal(client.version('root'), 1 + taken);
      assert.equal(outcome === 'done', taken === roots.length, outcome);
    });
  }

  it('takes each Root of a chain, keeps it, and stops at the first that is absent', async () => {
    const { repository, client } = newRepository();
    for (let version = 2; version <= 4; version += 1) repository.publishRoot();
    await client.refresh();
    const asked = repository.requests.filter((path) => path.endsWith('.root.json'));
    assert.deepEqual(asked, ['2.root.json', '3.root.json', '4.root.json', '5.root.json']);
    for (let version = 1; version <= 4; version += 1) assert.ok(client.store.loadRoot(version));
  });

  it('refuses a Root of another version than its name says', async () => {
    for (const version of [1, 3]) {
      const { repository, client } = newRepository();
      repository.roles.root.edit = (signed) => ({ ...signed, version });
      repository.publishRoot();
      const error = await client.refuses('RootRotationError');
      assert.equal(error.attack, version === 1 ? 'rollback' : 'arbitrary software');
      assert.equal(client.version('root'), 1);
    }
  });

  it('lets the last Root alone expire, and goes on once a fresh one is there', async () => {
    const { repository, client } = newRepository();
    const { root } = repository.roles;
    root.expires = addSeconds(NOW, -1);
    repository.publishRoot();
    await client.refuses('ExpiredMetadata::Root');
    assert.equal(client.version('root'), 2);
    repository.publishRoot();
    root.expires = addSeconds(NOW, A_YEAR);
    repository.publishRoot();
    await client.refresh();
    assert.equal(client.version('root'), 4);
  });

  it('does not take a failure for the end of the chain', async () => {
    const { repository, client } = await refreshed();
    repository.publishRoot();
    repository.overrides.set('2.root.json', new Error('500'));
    await client.refuses('MetadataFetchFailure::Root');
    repository.overrides.set('2.root.json', new Uint8Array(TUF_LIMITS.rootBytes + 1));
    await client.refuses('OversizedMetadata');
    repository.overrides.clear();
    await client.refresh();
    assert.equal(client.version('root'), 2);
  });

  it('bounds the Roots of one cycle, and goes on in the next', async () => {
    const { repository, client } = newRepository();
    for (let version = 2; version <= 6; version += 1) repository.publishRoot();
    const limits = { ...TUF_LIMITS, rootsPerCycle: 3 };
    await assert.rejects(client.refresh(NOW, limits), { code: 'OversizedMetadata' });
    assert.equal(client.version('root'), 4);
    await client.refresh(NOW, limits);
    assert.equal(client.version('root'), 6);
  });

  for (const role of ['keys', 'roles'] as const) {
    it(`refuses a Root without ${role}`, async () => {
      const { repository, client } = newRepository();
      repository.roles.root.edit = (signed) => without(signed, role);
      repository.publishRoot();
      await client.refuses('SecurityException::Root');
    });
  }

  it('refuses a Root that names no keys for one of the four roles', async () => {
    for (const role of ['root', ...ROLES]) {
      const { repository, client } = newRepository();
      repository.roles.root.edit = (signed) => {
        const roles = without(signed['roles'] as Record<string, JsonValue>, role);
        return { ...signed, roles };
      };
      repository.publishRoot();
      await client.refuses('SecurityException::Root');
    }
  });
});

describe('keys of other roles in plain TUF', () => {
  for (const role of ROLES) {
    for (const [signers, isTaken] of [
      ['2', true],
      ['1', false],
      ['12', true],
      ['', false],
      ['29', true],
      ['9', false],
    ] as const) {
      it(`${isTaken ? 'takes' : 'refuses'} ${role} after its key changed from 1 to 2, signed by "${signers}"`, async () => {
        const { repository, client } = await refreshed((prepared) => {
          prepared.roles[role].keys = keys('1');
        });
        Object.assign(repository.roles[role], { keys: keys('2'), signWith: keys(signers) });
        repository.publishRoot();
        repository.publish();
        assert.equal((await outcomeOf(client)) === 'done', isTaken);
        assert.equal(client.version('root'), 2);
      });
    }

    it(`refuses ${role} of old that a withdrawn key has signed`, async () => {
      const { repository, client } = await refreshed();
      repository.roles[role].keys = keys('2');
      repository.publishRoot();
      assert.notEqual(await outcomeOf(client), 'done');
      repository.publish();
      await client.refresh();
    });
  }
});

/** 'done', or the refusal. */
async function outcomeOf(client: TufClient): Promise<string> {
  try {
    await client.refresh();
    return 'done';
  } catch (error) {
    if (error instanceof MetadataError) return error.wireCode;
    throw error;
  }
}
