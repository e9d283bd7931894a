import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Dialect } from '../dialect/dialect.ts';
import { TUF_DIALECT } from '../dialect/tuf-dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { CodedError, MetadataError } from '../errors.ts';
import { parseTargetName } from '../identifiers.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { delegationsFor, readDelegations, type Delegations } from '../metadata/delegations.ts';
import type { TargetEntry, Targets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import { resolveTarget } from './resolve-delegations.ts';

const NAME = 'dir/app.bin';
const ENTRY: TargetEntry = {
  name: parseTargetName(NAME),
  lengthBytes: 1,
  hashes: { sha256: '00' },
  custom: jsonObject([]),
};

/** Whom a role delegates to, in order: `name`, `name!` for a terminating one, with patterns after a blank. */
type Graph = Readonly<Record<string, readonly string[]>>;

function delegationsOf(edges: readonly string[], dialect: Dialect): Delegations {
  const roles = edges.map((edge) => {
    const [title = '', ...paths] = edge.split(' ');
    return jsonObject([
      ['keyids', []],
      ['name', title.replace('!', '')],
      ['paths', paths.length === 0 ? ['*/*'] : paths],
      ['terminating', title.endsWith('!')],
      ['threshold', 1],
    ]);
  });
  return readDelegations(
    jsonObject([
      ['keys', jsonObject([])],
      ['roles', roles],
    ]),
    dialect,
  );
}

function targets(delegations: Delegations | undefined, listsImage: boolean): Targets {
  return {
    version: 1,
    expires: 0 as Instant,
    custom: jsonObject([]),
    targets: new Map(listsImage ? [[NAME, ENTRY]] : []),
    ...(delegations === undefined ? {} : { delegations }),
  };
}

/** The roles in the order in which they are asked, and whether the image is found. `has`: the roles that list it. */
async function search(
  graph: Graph,
  has: readonly string[] = [],
  dialect: Dialect = TUF_DIALECT,
): Promise<{ asked: readonly string[]; found: boolean }> {
  const asked: string[] = [];
  const load = async ({ name }: { readonly name: string }): Promise<Targets> => {
    asked.push(name);
    return targets(delegationsOf(graph[name] ?? [], dialect), has.includes(name));
  };
  const entry = await resolveTarget(targets(delegationsOf(graph['top'] ?? [], dialect), false), {
    name: NAME,
    repository: 'plain',
    dialect,
    rootKeys: new Map(),
    limits: dialect.limits,
    load,
  });
  return { asked, found: entry !== undefined };
}

describe('search through delegations in plain TUF', () => {
  const CASES: readonly (readonly [title: string, graph: Graph, order: string])[] = [
    ['asks one role', { top: ['a'] }, 'a'],
    ['asks siblings in their order', { top: ['b', 'a', 'c'] }, 'b a c'],
    ['asks what is below a role before its siblings', { top: ['a', 'd'], a: ['b', 'c'] }, 'a b c d'],
    ['goes down three levels and comes back', { top: ['a', 'e'], a: ['b', 'd'], b: ['c'] }, 'a b c d e'],
    ['passes over a role whose paths do not match', { top: ['a x/*', 'b dir/*'] }, 'b'],
    ['passes over all below such a role', { top: ['a x/*', 'd'], a: ['b'] }, 'd'],
    ['passes over a child that was given other paths', { top: ['a', 'd'], a: ['b *.map', 'c'] }, 'a c d'],
    ['asks a role once that two delegate to', { top: ['a', 'b'], a: ['c'], b: ['c', 'd'] }, 'a c b d'],
    ['asks a role where its paths match first', { top: ['c x/*', 'a', 'c'], a: ['c'] }, 'a c'],
    ['ends on a cycle', { top: ['a'], a: ['b'], b: ['a', 'c'] }, 'a b c'],
    ['ends on a role that delegates to itself', { top: ['a'], a: ['a'] }, 'a'],
    ['stops after a terminating role', { top: ['a!', 'b'] }, 'a'],
    ['asks what is below a terminating role', { top: ['a!', 'd'], a: ['b', 'c'] }, 'a b c'],
    ['stops everywhere after a terminating role below', { top: ['a', 'd'], a: ['b!', 'c'] }, 'a b'],
    ['passes over a terminating role whose paths do not match', { top: ['a! x/*', 'b'] }, 'b'],
    ['stops at a terminating role that was asked before', { top: ['a', 'a!', 'b'] }, 'a'],
  ];
  for (const [title, graph, order] of CASES) {
    it(`${title} [resolve_delegations/5]`, async () => {
      const { asked, found } = await search(graph);
      assert.equal(asked.join(' '), order);
      assert.equal(found, false);
    });
  }

  it('ends at the first role that lists the image [resolve_delegations/3]', async () => {
    const graph = { top: ['a', 'c'], a: ['b'], c: ['d'] };
    assert.deepEqual(await search(graph, ['b', 'c']), { asked: ['a', 'b'], found: true });
  });

  it('finds the image below a terminating role [resolve_delegations/4]', async () => {
    assert.deepEqual(await search({ top: ['a!'], a: ['b'] }, ['b']), { asked: ['a', 'b'], found: true });
  });

  it('visits no more than 32 roles, side by side or below each other [resolve_delegations/1]', async () => {
    const names = Array.from({ length: 33 }, (_, index) => `r${index}`);
    await assert.rejects(
      search({ top: names }),
      (error) => error instanceof MetadataError && error.attack === 'endless data',
    );
    assert.equal((await search({ top: names.slice(1) }, ['r32'])).found, true);
    const chain = Object.fromEntries(
      names.map((name, index) => [index === 0 ? 'top' : `r${index - 1}`, [name]]),
    );
    await assert.rejects(
      search(chain, ['r32']),
      (error) => error instanceof MetadataError && error.attack === 'endless data' && error.role === 'r31',
    );
    assert.equal((await search(chain, ['r31'])).found, true);
  });
});

describe('search through delegations in Uptane', () => {
  it('asks a role again that another delegates to, and cuts cycles [resolve_delegations/5]', async () => {
    const graph = { top: ['a', 'b'], a: ['c'], b: ['c', 'b', 'a'] };
    const { asked } = await search(graph, [], UPTANE_DIALECT);
    assert.equal(asked.join(' '), 'a c b c a c');
  });

  it('asks what is below a terminating role, and nothing after it [resolve_delegations/4]', async () => {
    const graph = { top: ['a', 'd'], a: ['b!', 'c'], b: ['e'] };
    assert.deepEqual(await search(graph, [], UPTANE_DIALECT), { asked: ['a', 'b', 'e'], found: false });
  });

  it('passes over no delegation for its hardware, when no hardware is asked for [resolve_delegations/5]', () => {
    const value = jsonObject([
      ['keys', jsonObject([])],
      [
        'roles',
        [
          jsonObject([
            ['hardwareIds', ['one-hw']],
            ['keyids', []],
            ['name', 'a'],
            ['paths', ['*']],
            ['threshold', 1],
          ]),
        ],
      ],
    ]);
    const delegations = readDelegations(value, UPTANE_DIALECT);
    const count = (image: { name: string; hardwareId?: string }): number =>
      [...delegationsFor(delegations, image, UPTANE_DIALECT, { left: 1000 })].length;
    assert.equal(count({ name: NAME }), 1);
    assert.equal(count({ name: NAME, hardwareId: 'one-hw' }), 1);
    assert.equal(count({ name: NAME, hardwareId: 'other-hw' }), 0);
  });

  it('stops at a terminating delegation that leads back [resolve_delegations/4]', async () => {
    const graph = { top: ['a', 'd'], a: ['a!', 'c'] };
    assert.equal((await search(graph, [], UPTANE_DIALECT)).asked.join(' '), 'a');
  });
});

describe('delegations of plain TUF', () => {
  const hash = createHash('sha256').update(NAME).digest('hex');
  const role = (members: Readonly<Record<string, JsonValue>>): JsonObject =>
    jsonObject(Object.entries({ keyids: [], name: 'a', terminating: false, threshold: 1, ...members }));
  const read = (value: Readonly<Record<string, JsonValue>>, dialect: Dialect = TUF_DIALECT): Delegations =>
    readDelegations(jsonObject(Object.entries({ keys: jsonObject([]), ...value })), dialect);
  const roles = async (delegations: Delegations): Promise<readonly string[]> => {
    const asked: string[] = [];
    await resolveTarget(targets(delegations, false), {
      name: NAME,
      repository: 'plain',
      dialect: TUF_DIALECT,
      rootKeys: new Map(),
      limits: TUF_DIALECT.limits,
      load: async ({ name }) => {
        asked.push(name);
        return targets(undefined, false);
      },
    });
    return asked;
  };

  for (const [prefixes, asked] of [
    [[hash.slice(0, 2)], ['a']],
    [['zz'.replaceAll('z', hash.startsWith('0') ? '1' : '0'), hash.slice(0, 5)], ['a']],
    [[hash.toUpperCase()], ['a']],
    [[''], ['a']],
    [[hash.slice(1, 9)], []],
    [[], []],
  ] as const) {
    it(`asks ${asked.length} roles for the hash prefixes "${prefixes.join(' ')}" [resolve_delegations/5]`, async () => {
      assert.deepEqual(await roles(read({ roles: [role({ path_hash_prefixes: prefixes })] })), asked);
    });
  }

  for (const bitLength of [1, 4, 5, 8, 31, 32]) {
    it(`asks the one bin of 2^${bitLength} that the name’s hash falls into [resolve_delegations/5]`, async () => {
      const bin = BigInt(`0x${hash}`) >> BigInt(256 - bitLength);
      const digits = (2n ** BigInt(bitLength) - 1n).toString(16).length;
      const succinct = { bit_length: bitLength, keyids: [], name_prefix: 'bins', threshold: 1 };
      const asked = await roles(read({ succinct_roles: jsonObject(Object.entries(succinct)) }));
      assert.deepEqual(asked, [`bins-${bin.toString(16).padStart(digits, '0')}`]);
    });
  }

  it('ends the search with the bin, wherever the bins are [resolve_delegations/4]', async () => {
    const asked: string[] = [];
    const succinct = jsonObject(
      Object.entries({ bit_length: 1, keyids: [], name_prefix: 'bins', threshold: 1 }),
    );
    await resolveTarget(targets(delegationsOf(['a', 'b'], TUF_DIALECT), false), {
      name: NAME,
      repository: 'plain',
      dialect: TUF_DIALECT,
      rootKeys: new Map(),
      limits: TUF_DIALECT.limits,
      load: async ({ name }) => {
        asked.push(name);
        return targets(name === 'a' ? read({ succinct_roles: succinct }) : undefined, false);
      },
    });
    assert.match(asked.join(' '), /^a bins-[01]$/);
  });

  const bins = (members: Readonly<Record<string, JsonValue>>): Readonly<Record<string, JsonValue>> => ({
    succinct_roles: jsonObject(
      Object.entries({ bit_length: 4, keyids: [], name_prefix: 'b', threshold: 1, ...members }),
    ),
  });
  const REFUSED: readonly (readonly [string, Readonly<Record<string, JsonValue>>])[] = [
    ['a role with paths and hash prefixes', { roles: [role({ paths: ['*'], path_hash_prefixes: ['0'] })] }],
    ['a role with neither', { roles: [role({})] }],
    ['hash prefixes that are not hexadecimal', { roles: [role({ path_hash_prefixes: ['0', 'xy'] })] }],
    ['roles and bins at once', { roles: [], ...bins({}) }],
    ['neither roles nor bins', {}],
    ['no bits', bins({ bit_length: 0 })],
    ['too many bits', bins({ bit_length: 33 })],
    ['bins without a name', bins({ name_prefix: 7 })],
    ['bins whose threshold is none', bins({ threshold: 0 })],
  ];
  for (const [title, value] of REFUSED) {
    it(`refuses ${title} [resolve_delegations/1]`, () => {
      assert.throws(
        () => read(value),
        (error) => error instanceof CodedError,
      );
    });
  }

  it('knows no multi-role delegations and no hardware ids [resolve_delegations/5]', () => {
    const multiRole = [jsonObject([['roles', 'none']])];
    const read1 = read({ multiRole, roles: [role({ paths: ['*'], hardwareIds: 7 })] });
    assert.equal(read1.list.length, 1);
    assert.equal(read1.list[0]?.hardwareIds, undefined);
  });

  it('knows neither hash prefixes nor bins in Uptane [resolve_delegations/5]', () => {
    const read1 = read({ roles: [role({ path_hash_prefixes: [''] })], ...bins({}) }, UPTANE_DIALECT);
    assert.deepEqual(read1.list[0]?.pathHashPrefixes, []);
    assert.equal(read1.bins, undefined);
  });
});
