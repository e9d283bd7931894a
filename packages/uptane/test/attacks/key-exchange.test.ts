import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedKeys, giveKeys } from '@ota-connect/testkit';
import { honestStart } from '../client.ts';

/** Keys by number; who signs the Root that names them; the code of a refusal. */
type Step = {
  readonly keys: readonly number[];
  readonly threshold: number;
  readonly signers: readonly number[];
  readonly refusedAs?: string;
};

const step = (
  keys: readonly number[],
  threshold: number,
  signers: readonly number[],
  refusedAs?: string,
): Step => (refusedAs === undefined ? { keys, threshold, signers } : { keys, threshold, signers, refusedAs });

const ROOT_SEQUENCES: readonly (readonly [string, readonly Step[]])[] = [
  ['the same key again', [step([1], 1, [1]), step([1], 1, [1])]],
  ['another key, signed by both', [step([1], 1, [1]), step([2], 1, [1, 2])]],
  ['another key, signed by the old one', [step([1], 1, [1]), step([2], 1, [1], 'BadKeyId')]],
  ['another key, signed by the new one', [step([1], 1, [1]), step([2], 1, [2], 'BadKeyId')]],
  [
    'one of five keys exchanged, three of the old and of the new sign',
    [step([1, 2, 3, 4, 5], 3, [1, 2, 3]), step([2, 3, 4, 5, 6], 3, [2, 3, 4])],
  ],
  [
    'one of five keys exchanged, two common ones and the new one sign',
    [step([1, 2, 3, 4, 5], 3, [1, 2, 3]), step([2, 3, 4, 5, 6], 3, [2, 3, 6], 'UnmetThreshold::Root')],
  ],
  [
    'one of five keys exchanged, two common ones, the old and the new one sign',
    [step([1, 2, 3, 4, 5], 3, [1, 2, 3]), step([2, 3, 4, 5, 6], 3, [1, 2, 3, 6])],
  ],
  ['all keys exchanged at once, all sign', [step([1, 2, 3], 2, [1, 2]), step([4, 5, 6], 2, [1, 2, 4, 5])]],
  [
    'all keys exchanged at once, one old one is missing',
    [step([1, 2, 3], 2, [1, 2]), step([4, 5, 6], 2, [1, 4, 5], 'UnmetThreshold::Root')],
  ],
  [
    'all keys exchanged at once, one new one is missing',
    [step([1, 2, 3], 2, [1, 2]), step([4, 5, 6], 2, [1, 2, 4], 'UnmetThreshold::Root')],
  ],
  ['all keys exchanged in two steps', [step([1, 2], 1, [1]), step([2, 3], 1, [2]), step([3, 4], 1, [3])]],
  ['the threshold raised', [step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [1, 2])]],
  [
    'the threshold raised, signed as before',
    [step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [1], 'UnmetThreshold::Root')],
  ],
  ['the threshold lowered, signed as before', [step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1, 2])]],
  [
    'the threshold lowered, signed as from now on',
    [step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1], 'UnmetThreshold::Root')],
  ],
  ['signatures of keys that no Root names beside enough', [step([1], 1, [1]), step([2], 1, [1, 2, 8, 9])]],
];

describe('exchange of Root keys', () => {
  for (const [title, [first, ...next]] of ROOT_SEQUENCES) {
    it(`${next.at(-1)?.refusedAs === undefined ? 'follows' : 'refuses'} ${title} [check_root/3]`, async () => {
      const { simulator, client } = await honestStart();
      const { image } = simulator;
      const keys = await fixedKeys('exchange', 9);
      const take = (numbers: readonly number[]) =>
        numbers.map((number) => keys.at(number - 1)).filter((key) => key !== undefined);
      simulator.offer('app.bin');
      await giveKeys(image, 'root', take(first?.keys ?? []), first?.threshold ?? 1);
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
      for (const { keys: numbers, threshold, signers, refusedAs } of next) {
        image.roles.root.signWith = take(signers);
        await giveKeys(image, 'root', take(numbers), threshold);
        await simulator.publish();
        const known = client.image.load('root');
        if (refusedAs === undefined) {
          assert.equal((await client.updates()).length, 1);
          assert.notDeepEqual(client.image.load('root'), known);
        } else {
          await client.refuses(refusedAs);
          assert.deepEqual(client.image.load('root'), known);
        }
      }
    });
  }
});

const ROLE_CASES: readonly (readonly [
  string,
  keys: readonly number[],
  threshold: number,
  signers: readonly number[],
  refusedAs: string | undefined,
])[] = [
  ['signed by the new key', [2], 1, [2], undefined],
  ['signed by the old key', [2], 1, [1], 'BadKeyId'],
  ['signed by both', [2], 1, [1, 2], undefined],
  ['signed by nobody', [2], 1, [], 'UnmetThreshold'],
  ['signed by strangers', [2], 1, [8, 9], 'UnmetThreshold'],
  ['signed by one of two, of which two have to', [2, 3], 2, [2], 'UnmetThreshold'],
  ['signed by an old and a new one, of which two new ones have to', [2, 3], 2, [1, 2], 'UnmetThreshold'],
  ['signed by two of two', [2, 3], 2, [2, 3], undefined],
  ['signed by two of three and a stranger', [2, 3, 4], 2, [9, 4, 2], undefined],
];

describe('exchange of other keys', () => {
  for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
    for (const [title, numbers, threshold, signers, refusedAs] of ROLE_CASES) {
      it(`${refusedAs === undefined ? 'takes' : 'refuses'} ${role} ${title} [check_root/3]`, async () => {
        const { simulator, client } = await honestStart();
        const keys = await fixedKeys('exchange', 9);
        const take = (some: readonly number[]) =>
          some.map((number) => keys.at(number - 1)).filter((key) => key !== undefined);
        await giveKeys(simulator.image, role, take([1]), 1);
        simulator.offer('app.bin');
        await simulator.publish();
        assert.equal((await client.updates()).length, 1);
        await giveKeys(simulator.image, role, take(numbers), threshold);
        simulator.image.roles[role].signWith = take(signers);
        await simulator.publish();
        if (refusedAs === undefined) assert.equal((await client.updates()).length, 1);
        else await client.refuses(refusedAs);
      });
    }
  }
});
