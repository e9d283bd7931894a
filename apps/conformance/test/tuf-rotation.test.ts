// Exchanges of keys, as sequences of Roots and of the other roles: who is listed, how many are needed, who signed. The
// client refreshes after each step; the last one of a bad sequence is refused, and the one before it stays.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe } from 'node:test';
import { tufKey, type TufRole } from '@ota-connect/testkit';
import { BELOW_ROOT, bump, itRuns, title } from './tuf-world.ts';

/** Keys, threshold, signers. */
type Step = readonly [keys: readonly number[], threshold: number, signers: readonly number[]];
type Sequence = { readonly steps: readonly Step[]; readonly last: 'taken' | 'refused' };

const FIVE = [1, 2, 3, 4, 5];
const ROOTS: ReadonlyMap<string, Sequence> = new Map([
  [
    'one key exchanged, both sign',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [2, 1]],
        [[2], 1, [2]],
      ],
      last: 'taken',
    },
  ],
  [
    'one key exchanged, strangers sign too',
    {
      steps: [
        [[1], 1, [3, 1, 4]],
        [[2], 1, [3, 2, 1, 4]],
        [[2], 1, [3, 2, 4]],
      ],
      last: 'taken',
    },
  ],
  [
    'one key exchanged, the old one does not sign',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [2, 3, 4]],
      ],
      last: 'refused',
    },
  ],
  [
    'one key exchanged, the new one does not sign',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [1, 3, 4]],
      ],
      last: 'refused',
    },
  ],
  [
    'three of five, other signers each time',
    {
      steps: [
        [FIVE, 3, [2, 4, 1]],
        [FIVE, 3, [5, 3, 1]],
        [FIVE, 3, [1, 4, 5]],
      ],
      last: 'taken',
    },
  ],
  [
    'three of five, two sign',
    {
      steps: [
        [FIVE, 3, [2, 4, 1]],
        [FIVE, 3, [2, 4]],
      ],
      last: 'refused',
    },
  ],
  [
    'three of five, one exchanged',
    {
      steps: [
        [FIVE, 3, [1, 3, 4]],
        [[2, 3, 4, 5, 6], 3, [4, 5, 6, 3]],
        [[2, 3, 4, 5, 6], 3, [6, 2, 3]],
      ],
      last: 'taken',
    },
  ],
  [
    'three of five, one exchanged, two of the old ones sign',
    {
      steps: [
        [FIVE, 3, [1, 3, 4]],
        [[2, 3, 4, 6, 7], 3, [4, 6, 7, 3]],
      ],
      last: 'refused',
    },
  ],
  [
    'three of five, one exchanged, two of the new ones sign',
    {
      steps: [
        [FIVE, 3, [1, 3, 4]],
        [[2, 3, 4, 5, 6], 3, [1, 3, 4]],
      ],
      last: 'refused',
    },
  ],
  [
    'three of five, all exchanged at once, six sign',
    {
      steps: [
        [FIVE, 3, [1, 2, 3]],
        [[6, 7, 8, 9, 10], 3, [6, 7, 8, 1, 2, 3]],
        [[6, 7, 8, 9, 10], 3, [10, 9, 8]],
      ],
      last: 'taken',
    },
  ],
  [
    'three of five, all exchanged with a step between',
    {
      steps: [
        [FIVE, 3, [1, 2, 3]],
        [[3, 4, 5, 6, 7], 3, [3, 4, 5]],
        [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
      ],
      last: 'taken',
    },
  ],
  [
    'three of five, all exchanged, the step between left out',
    {
      steps: [
        [FIVE, 3, [1, 2, 3]],
        [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
      ],
      last: 'refused',
    },
  ],
  [
    'threshold up, enough sign',
    {
      steps: [
        [[1], 1, [1]],
        [[1, 2, 3], 2, [1, 2]],
      ],
      last: 'taken',
    },
  ],
  [
    'threshold up, too few sign',
    {
      steps: [
        [[1], 1, [1]],
        [[1, 2, 3], 2, [1]],
      ],
      last: 'refused',
    },
  ],
  [
    'threshold down, too few for the old one sign',
    {
      steps: [
        [[1, 2, 3], 2, [1, 2]],
        [[1, 2, 3], 1, [3]],
      ],
      last: 'refused',
    },
  ],
  [
    'threshold down, enough for both sign',
    {
      steps: [
        [[1, 2, 3], 2, [1, 2]],
        [[1, 2, 3], 1, [1, 3]],
        [[1, 2, 3], 1, [2]],
      ],
      last: 'taken',
    },
  ],
]);

const OTHERS: ReadonlyMap<string, Sequence> = new Map([
  [
    'a new key signs',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [2]],
      ],
      last: 'taken',
    },
  ],
  [
    'the old key signs',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [1]],
      ],
      last: 'refused',
    },
  ],
  [
    'nobody signs',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, []],
      ],
      last: 'refused',
    },
  ],
  [
    'old and new sign',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [1, 2]],
      ],
      last: 'taken',
    },
  ],
  [
    'strangers sign beside the new one',
    {
      steps: [
        [[1], 1, [1]],
        [[2], 1, [9, 2, 8]],
      ],
      last: 'taken',
    },
  ],
  [
    'three of five sign',
    {
      steps: [
        [FIVE, 3, [1, 3, 5]],
        [FIVE, 3, [2, 4, 5]],
      ],
      last: 'taken',
    },
  ],
  [
    'two of five sign for three',
    {
      steps: [
        [FIVE, 3, [1, 3, 5]],
        [FIVE, 3, [2, 4]],
      ],
      last: 'refused',
    },
  ],
  [
    'one of five exchanged, it signs',
    {
      steps: [
        [FIVE, 3, [1, 3, 5]],
        [[2, 3, 4, 5, 6], 3, [6, 2, 3]],
      ],
      last: 'taken',
    },
  ],
  [
    'one of five exchanged, the old one signs',
    {
      steps: [
        [FIVE, 3, [1, 3, 5]],
        [[2, 3, 4, 5, 6], 3, [1, 2, 3]],
      ],
      last: 'refused',
    },
  ],
  [
    'threshold up, too few sign',
    {
      steps: [
        [[1, 2], 1, [1]],
        [[1, 2], 2, [1]],
      ],
      last: 'refused',
    },
  ],
]);

const keys = (numbers: readonly number[]) => numbers.map((number) => tufKey(`key ${number}`));

function setRole(role: TufRole, [listed, threshold, signers]: Step): void {
  role.keys = keys(listed);
  role.threshold = threshold;
  role.signWith = keys(signers);
}

describe('tuf-client, exchange of Root keys', () => {
  for (const [name, { steps, last }] of ROOTS)
    itRuns(`${last === 'taken' ? 'takes' : 'refuses'}: ${name}`, async (world) => {
      const { root } = world.repository.roles;
      const [first, ...more] = steps;
      if (first !== undefined) setRole(root, first);
      await world.init();
      await world.refreshes();
      for (const [index, step] of more.entries()) {
        setRole(root, step);
        bump(world.repository, true);
        const isBad = last === 'refused' && index === more.length - 1;
        if (isBad) await world.refuses('(?:UnmetThreshold|BadKeyId)');
        else await world.refreshes();
        assert.equal(world.trusted()['root'], isBad ? index + 1 : index + 2);
      }
    });

  itRuns('goes through a chain in one refresh, of which the middle has expired', async (world) => {
    const { root } = world.repository.roles;
    await world.init();
    const { expires } = root;
    for (const number of [2, 3, 4, 5]) {
      root.keys = keys([number]);
      root.expires = number === 5 ? expires : (1_000_000_000 as typeof expires);
      world.repository.publishRoot();
    }
    await world.refreshes();
    assert.equal(world.trusted()['root'], 5);
    assert.deepEqual(world.asked().slice(0, 5), [
      '2.root.json',
      '3.root.json',
      '4.root.json',
      '5.root.json',
      '6.root.json',
    ]);
  });
});

for (const role of BELOW_ROOT)
  describe(`tuf-client, exchange of ${title(role)} keys`, () => {
    for (const [name, { steps, last }] of OTHERS)
      itRuns(`${last === 'taken' ? 'takes' : 'refuses'}: ${name}`, async (world) => {
        const [first, ...more] = steps;
        if (first !== undefined) setRole(world.repository.roles[role], first);
        await world.init();
        await world.refreshes();
        for (const step of more) {
          setRole(world.repository.roles[role], step);
          bump(world.repository, true);
          if (last === 'refused') await world.refuses('(?:UnmetThreshold|BadKeyId)');
          else await world.refreshes();
          assert.equal(world.trusted()[role] === 2, last === 'taken');
        }
      });
  });

describe('tuf-client, the same versions signed anew', () => {
  for (const role of BELOW_ROOT)
    itRuns(`takes ${role} of the version that it has, signed by the keys that took over`, async (world) => {
      const { repository } = world;
      await world.init();
      await world.refreshes();
      repository.roles[role].keys = keys([7]);
      for (const name of BELOW_ROOT) repository.roles[name].version -= 1;
      bump(repository, true);
      await world.refreshes();
      const served = repository.files.get(role === 'timestamp' ? 'timestamp.json' : `1.${role}.json`);
      assert.deepEqual(readFileSync(path.join(world.metadata, `${role}.json`)), Buffer.from(served ?? []));
    });
});
