// A refresh as conformance suites look at it: requests in order, what is trusted afterwards, what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tufKey, type TufRepository, type TufRole } from '@ota-connect/testkit';
import { addSeconds } from '@ota-connect/uptane';
import { BELOW_ROOT, bump, DAY, itRuns, text, title, withTuf } from './tuf-world.ts';

type Top = 'root' | 'timestamp' | 'snapshot' | 'targets';
const NOTHING = (): void => undefined;
const ALL_ONE = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };

/** What a client trusts when everything up to, but not including, this role was renewed. */
function renewedUpTo(role: Top, version: number): Readonly<Record<string, number>> {
  const order = ['root', 'timestamp', 'snapshot', 'targets'];
  return Object.fromEntries(
    order.map((name): [string, number] => [name, order.indexOf(name) < order.indexOf(role) ? version : 1]),
  );
}

describe('tuf-client init', () => {
  itRuns('takes the file and asks nobody', async (world) => {
    await world.init();
    assert.deepEqual(world.trusted(), { root: 1 });
    assert.deepEqual(world.asked(), []);
  });

  const bad: readonly (readonly [string, (repository: TufRepository) => void])[] = [
    ['that nobody signed', ({ roles: { root } }) => void (root.signWith = [])],
    ['that another key signed', ({ roles: { root } }) => void (root.signWith = [tufKey('stranger')])],
    ['that is no JSON', ({ roles: { root } }) => void (root.forge = () => text('no'))],
    [
      'that is another role',
      ({ roles: { root } }) => void (root.edit = (signed) => ({ ...signed, _type: 'targets' })),
    ],
    ['without a role', ({ roles: { root } }) => void (root.edit = (signed) => ({ ...signed, roles: {} }))],
  ];
  for (const [what, prepare] of bad)
    itRuns(
      `refuses a Root ${what}, stores nothing, and asks nothing then or later`,
      async (world) => {
        const { code, err } = await world.initWith(world.repository.publishRoot());
        assert.equal(code, 1);
        assert.match(err, /^tuf-client: \w+/);
        assert.deepEqual(world.trusted(), {});
        assert.equal((await world.refresh()).code, 1);
        assert.deepEqual(world.asked(), []);
      },
      prepare,
    );

  itRuns('takes a Root that has expired: the chain may lead to one that has not', async (world) => {
    const { root } = world.repository.roles;
    root.expires = addSeconds(root.expires, -60 * DAY);
    await world.init();
    await world.refuses('ExpiredMetadata::Root');
    root.expires = addSeconds(root.expires, 60 * DAY);
    bump(world.repository, true);
    await world.refreshes();
  });
});

describe('tuf-client refresh, requests', () => {
  itRuns(
    'asks for Root, Timestamp, Snapshot and Targets in this order, and again only for what may be new',
    async (world) => {
      await world.init();
      await world.refreshes();
      assert.deepEqual(world.asked(), ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
      assert.deepEqual(world.trusted(), ALL_ONE);
      await world.refreshes();
      assert.deepEqual(world.asked(), ['2.root.json', 'timestamp.json']);
      bump(world.repository, true);
      await world.refreshes();
      assert.deepEqual(world.asked(), [
        '2.root.json',
        '3.root.json',
        'timestamp.json',
        '2.snapshot.json',
        '2.targets.json',
      ]);
      assert.deepEqual(world.trusted(), { root: 2, snapshot: 2, targets: 2, timestamp: 2 });
    },
  );

  itRuns(
    'asks for plain names, where the repository has no consistent snapshots',
    async (world) => {
      await world.init();
      await world.refreshes();
      assert.deepEqual(world.asked(), ['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json']);
    },
    (repository) => void (repository.consistentSnapshot = false),
  );

  itRuns('asks the same, when the address ends with a slash', async (world) => {
    await world.init();
    const { runTufClient } = await import('../src/tuf-command.ts');
    const args = ['refresh', '--metadata-url', `${world.url}/metadata/`, '--metadata-dir', world.metadata];
    const quiet = {
      out: NOTHING,
      err: NOTHING,
      now: () => addSeconds(world.repository.roles.root.expires, -DAY),
    };
    assert.equal(await runTufClient(args, quiet), 0);
    assert.deepEqual(world.asked(), ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
  });

  for (const status of [403, 404])
    it(`takes status ${status} for the end of the chain of Roots`, () =>
      withTuf(
        NOTHING,
        async (world) => {
          await world.init();
          await world.refreshes();
        },
        {
          before: ({ url }, response) =>
            /2\.root/.test(url ?? '') && Boolean(response.writeHead(status).end()),
        },
      ));

  for (const status of [429, 500, 503])
    it(`does not take status ${status} for the end of the chain of Roots, and asks no second time`, () => {
      let asked = 0;
      return withTuf(
        NOTHING,
        async (world) => {
          await world.init();
          await world.refuses('MetadataFetchFailure::Root');
          assert.equal(asked, 1);
        },
        {
          before: ({ url }, response) => {
            if (!/2\.root/.test(url ?? '')) return false;
            asked += 1;
            response.writeHead(status, { 'retry-after': '1' }).end();
            return true;
          },
        },
      );
    });

  for (const role of BELOW_ROOT)
    itRuns(`keeps what is valid and newer, when ${role} is answered with 404`, async (world) => {
      const { repository } = world;
      await world.init();
      await world.refreshes();
      bump(repository, true);
      repository.overrides.set(role === 'timestamp' ? 'timestamp.json' : `2.${role}.json`, 'absent');
      await world.refuses(`MetadataFetchFailure::${title(role)}`);
      assert.deepEqual(world.trusted(), renewedUpTo(role, 2));
      repository.overrides.clear();
      await world.refreshes();
      assert.deepEqual(world.trusted(), { root: 2, snapshot: 2, targets: 2, timestamp: 2 });
    });
});

describe('tuf-client refresh, what is stored', () => {
  itRuns(
    'is the bytes that came, blanks and unknown fields and all',
    async (world) => {
      await world.init();
      await world.refreshes();
      for (const [served, stored] of [
        ['1.root.json', 'root.json'],
        ['timestamp.json', 'timestamp.json'],
        ['1.snapshot.json', 'snapshot.json'],
        ['1.targets.json', 'targets.json'],
      ] as const)
        assert.deepEqual(
          readFileSync(path.join(world.metadata, stored)),
          Buffer.from(world.repository.files.get(served) ?? []),
        );
    },
    (repository) => {
      repository.indent = 3;
      for (const role of Object.values(repository.roles) as TufRole[])
        role.edit = (signed) => ({ ...signed, 'x-custom': { nested: ['ä', null, true, 7] } });
    },
  );

  for (const role of ['root', ...BELOW_ROOT] as const)
    itRuns(`is never ${role} that was refused`, async (world) => {
      await world.init();
      await world.refreshes();
      const faulty: TufRole = world.repository.roles[role];
      faulty.signWith = [];
      bump(world.repository, true);
      await world.refuses(`UnmetThreshold::${title(role)}`);
      assert.deepEqual(world.trusted(), renewedUpTo(role, 2));
    });
});
