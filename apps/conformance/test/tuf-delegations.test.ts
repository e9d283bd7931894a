// Whom `tuf-client` asks on the way to a target, in which order, and whom it believes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe } from 'node:test';
import { tufKey, type TufDelegation, type TufRepository } from '@ota-connect/testkit';
import { bump, itRuns, text, type TufWorld } from './tuf-world.ts';

type Edge = readonly [
  from: string,
  to: string,
  more?: { readonly paths?: readonly string[]; readonly terminating?: boolean },
];

/** One role for each name, published once; an edge says what its own delegator gives it. */
function build(repository: TufRepository, edges: readonly Edge[]): ReadonlyMap<string, TufDelegation> {
  const roles = new Map<string, TufDelegation>();
  for (const [from, to, more] of edges) {
    const below = from === 'targets' ? repository.roles.targets : roles.get(from);
    const known = roles.get(to);
    if (known === undefined) roles.set(to, repository.delegate(to, more, below));
    // The same document below another delegator, under that one's terms.
    else below?.delegations.push(sharing(known, more));
  }
  return roles;
}

function sharing(role: TufDelegation, more: Partial<TufDelegation> = {}): TufDelegation {
  return { ...role, ...more };
}

/** Delegated roles asked for, without their versions. */
async function visited(world: TufWorld, name: string): Promise<readonly string[]> {
  world.asked();
  await world.download(name);
  return world
    .asked()
    .map((file) => /^\d+\.(.+)\.json$/.exec(file)?.[1] ?? '')
    .filter((role) => !['', 'root', 'snapshot', 'targets'].includes(role));
}

const GRAPHS: ReadonlyMap<string, { readonly edges: readonly Edge[]; readonly visits: string }> = new Map([
  ['one role', { edges: [['targets', 'A']], visits: 'A' }],
  [
    'two side by side',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
      ],
      visits: 'A B',
    },
  ],
  [
    'two levels',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
      ],
      visits: 'A B C',
    },
  ],
  [
    'depth before breadth',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['A', 'D'],
      ],
      visits: 'A C D B',
    },
  ],
  [
    'depth before breadth, three levels',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['C', 'D'],
      ],
      visits: 'A C D B',
    },
  ],
  [
    'a terminating role ends all but what is below it',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', { terminating: true }],
        ['A', 'D'],
      ],
      visits: 'A C',
    },
  ],
  [
    'what is below a terminating role is asked',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', { terminating: true }],
        ['C', 'D'],
      ],
      visits: 'A C D',
    },
  ],
  [
    'branches whose paths do not match are passed over',
    {
      edges: [
        ['targets', 'A', { paths: ['*.py'] }],
        ['targets', 'B'],
        ['A', 'C'],
      ],
      visits: 'B',
    },
  ],
  [
    'so they are further down',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', { paths: ['*.py'] }],
        ['C', 'D'],
      ],
      visits: 'A B',
    },
  ],
  [
    'a circle ends',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
        ['C', 'D'],
        ['D', 'B'],
      ],
      visits: 'A B C D',
    },
  ],
  [
    'a role reached twice is visited once',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['B', 'C'],
      ],
      visits: 'A C B',
    },
  ],
  [
    'a role reached by another path is visited there',
    {
      edges: [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', { paths: ['*.py'] }],
        ['B', 'C', { paths: ['*'] }],
      ],
      visits: 'A B C',
    },
  ],
]);

describe('tuf-client, order of the search', () => {
  for (const [name, { edges, visits }] of GRAPHS)
    itRuns(name, async (world) => {
      build(world.repository, edges);
      await world.init();
      assert.equal((await visited(world, 'missing')).join(' '), visits);
      assert.equal((await world.download('missing')).code, 1);
    });
});

const EDGES: readonly Edge[] = [
  ['targets', 'A', { paths: ['*'] }],
  ['targets', 'B', { paths: ['b/*', 'exact'] }],
  ['targets', 'C', { paths: ['c/*/x.?z'] }],
  ['targets', 'D', { paths: ['d/*'] }],
  ['D', 'E', { paths: ['*'] }],
  ['D', 'F', { paths: ['d/*.bin'] }],
];
const SEARCHES: readonly (readonly [name: string, listedBy: string, visits: string, found: boolean])[] = [
  ['top', 'targets', '', true],
  ['any', 'A', 'A', true],
  ['b/one', 'B', 'B', true],
  ['exact', 'B', 'A B', true],
  ['b/one/two', 'B', '', false],
  ['B/one', 'B', '', false],
  ['c/dir/x.yz', 'C', 'C', true],
  ['c/dir/x.yyz', 'C', '', false],
  ['d/one.bin', 'F', 'D F', true],
  ['d/one.bin', 'E', 'D F', false],
];

describe('tuf-client, which role may list a target', () => {
  for (const [name, listedBy, visits, isFound] of SEARCHES)
    itRuns(`${isFound ? 'finds' : 'does not find'} "${name}" that ${listedBy} lists`, async (world) => {
      const roles = build(world.repository, EDGES);
      world.repository.addImage(name, text(name), roles.get(listedBy) ?? world.repository.roles.targets);
      await world.init();
      assert.equal((await visited(world, name)).join(' '), visits);
      assert.deepEqual(world.landed(), isFound ? [name] : []);
      assert.equal((await world.download(name)).code, isFound ? 0 : 1);
    });
});

describe('tuf-client, delegated roles', () => {
  for (const [name, quoted] of [
    ['?', '%3F'],
    ['#', '%23'],
    ['/delegated', '%2Fdelegated'],
    ['../delegated', '..%2Fdelegated'],
    ['a%2Fb', 'a%252Fb'],
    ['päckchen 1*', 'p%C3%A4ckchen%201%2A'],
  ] as const)
    itRuns(`asks for a role named "${name}" as ${quoted}, and stores it inside its folder`, async (world) => {
      world.repository.delegate(name);
      await world.init();
      assert.equal((await world.download('missing')).code, 1);
      assert.equal(world.asked().at(-1), `1.${quoted}.json`);
      assert.equal(Object.keys(world.trusted()).length, 5);
      assert.equal(readdirSync(world.metadata).filter((file) => file.endsWith('.json')).length, 5);
    });

  itRuns('refuses a role that Snapshot does not list', async (world) => {
    const { repository } = world;
    repository.delegate('role1');
    repository.roles.snapshot.edit = (signed) => ({ ...signed, meta: { 'targets.json': { version: 1 } } });
    await world.init();
    const { code, err } = await world.download('missing');
    assert.equal(code, 1);
    assert.match(err, /VersionMismatch::role1/);
    assert.ok(!world.asked().includes('1.role1.json'));
  });

  itRuns('verifies a role again for each delegator, in one run and in the next', async (world) => {
    const { repository } = world;
    const a = repository.delegate('A', { paths: ['a/*'] });
    const b = repository.delegate('B', { paths: ['b/*'] });
    const shared = repository.delegate('shared', { paths: ['*/*'] }, a);
    b.delegations.push({ ...shared, listedKeys: [tufKey('of another')] });
    repository.addImage('a/one', text('one'), shared);
    repository.addImage('b/two', text('two'), shared);
    await world.init();
    const both = await world.download('a/one', 'b/two');
    assert.equal(both.code, 1);
    assert.match(both.err, /BadKeyId|UnmetThreshold::shared/);
    assert.deepEqual(world.landed(), ['one']);
    assert.equal((await world.download('a/one')).code, 0);
    assert.equal((await world.download('b/two')).code, 1);
  });

  itRuns('does not ask again for a role that it has and Snapshot still lists', async (world) => {
    const { repository } = world;
    const role = repository.delegate('role1');
    repository.addImage('one', text('one'), role);
    await world.init();
    assert.equal((await world.download('one')).code, 0);
    assert.deepEqual(await visited(world, 'one'), []);
    repository.addImage('two', text('two'), role);
    role.version = 2;
    bump(repository);
    assert.deepEqual(await visited(world, 'two'), ['role1']);
    assert.equal(world.trusted()['role1'], 2);
  });

  itRuns('finds a target by the prefix of its name’s hash', async (world) => {
    const { repository } = world;
    const prefixed = (prefixes: readonly string[]) => ({ pathHashPrefixes: prefixes });
    repository.delegate('other', prefixed(['00', '01']));
    const all = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
    repository.addImage('prefixed', text('prefixed'), repository.delegate('mine', prefixed(all)));
    await world.init();
    assert.deepEqual((await visited(world, 'prefixed')).at(-1), 'mine');
    assert.deepEqual(world.landed(), ['prefixed']);
  });

  itRuns('finds a target in the bin that its name’s hash points to, and asks for no other', async (world) => {
    const { repository } = world;
    const keys = [tufKey('bins')];
    const members = ['0', '1', '2', '3'].map((bin) => repository.delegate(`bin-${bin}`, { keys }));
    repository.roles.targets.delegations.length = 0;
    repository.roles.targets.bins = { bitLength: 2, namePrefix: 'bin', keys, threshold: 1, members };
    const [firstBits = 0] = createHash('sha256').update('binned').digest();
    const own = members[firstBits >> 6];
    repository.addImage('binned', text('binned'), own);
    await world.init();
    assert.deepEqual(await visited(world, 'binned'), [own?.name]);
    assert.deepEqual(world.landed(), ['binned']);
  });
});
