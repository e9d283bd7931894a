// What every MetadataStore promises, as tests. Call it in the test file of an implementation.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetadataStore } from '@ota-connect/uptane';

export type OpenStore = {
  readonly store: MetadataStore;
  /** Closes and opens it again, where it is durable. */
  readonly reopen?: () => MetadataStore | Promise<MetadataStore>;
  readonly close?: () => void | Promise<void>;
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

type Test = (opened: OpenStore) => void | Promise<void>;

const PROMISES: readonly (readonly [title: string, test: Test])[] = [
  [
    'has nothing, when new',
    ({ store }) => {
      for (const role of ['root', 'timestamp', 'snapshot', 'targets', { delegation: 'a' }] as const) {
        assert.equal(store.load(role), undefined);
      }
      assert.equal(store.loadRoot(1), undefined);
      assert.equal(store.flags().directorFullRoles(), false);
    },
  ],

  [
    'gives back the very bytes, blanks and all',
    ({ store }) => {
      const odd = bytes('{ "signed" : {}\n}\u00e9');
      store.save('targets', odd, 3);
      assert.deepEqual(new Uint8Array(store.load('targets') ?? []), odd);
    },
  ],

  [
    'keeps the newest alone of a role that is not Root',
    ({ store }) => {
      store.save('snapshot', bytes('one'), 1);
      store.save('snapshot', bytes('two'), 2);
      assert.equal(text(store.load('snapshot')), 'two');
    },
  ],

  [
    'takes an equal version with other bytes',
    ({ store }) => {
      store.save('timestamp', bytes('one'), 7);
      store.save('timestamp', bytes('other'), 7);
      assert.equal(text(store.load('timestamp')), 'other');
    },
  ],

  [
    'keeps every Root by version and loads the highest',
    ({ store }) => {
      store.save('root', bytes('r1'), 1);
      store.save('root', bytes('r10'), 10);
      store.save('root', bytes('r9'), 9);
      assert.equal(text(store.load('root')), 'r10');
      assert.equal(text(store.loadRoot(1)), 'r1');
      assert.equal(text(store.loadRoot(9)), 'r9');
      assert.equal(store.loadRoot(2), undefined);
    },
  ],

  [
    'leaves the other roles alone, when a Root is saved',
    ({ store }) => {
      store.save('targets', bytes('t'), 1);
      store.save('root', bytes('r2'), 2);
      assert.equal(text(store.load('targets')), 't');
    },
  ],

  [
    'saves a Root and removes what it forgets, and nothing else',
    ({ store }) => {
      store.save('root', bytes('r1'), 1);
      for (const role of ['timestamp', 'snapshot', 'targets', { delegation: 'a' }] as const)
        store.save(role, bytes('x'), 1);
      store.saveRoot(bytes('r2'), 2, ['timestamp', 'snapshot']);
      assert.equal(text(store.load('root')), 'r2');
      assert.equal(text(store.loadRoot(2)), 'r2');
      assert.equal(store.load('timestamp'), undefined);
      assert.equal(store.load('snapshot'), undefined);
      assert.equal(text(store.load('targets')), 'x');
      assert.equal(text(store.load({ delegation: 'a' })), 'x');
      store.saveRoot(bytes('r3'), 3, []);
      assert.equal(text(store.load('root')), 'r3');
      assert.equal(text(store.load('targets')), 'x');
    },
  ],

  [
    'keeps the delegated roles that are named and every other role',
    ({ store }) => {
      const top = ['root', 'timestamp', 'snapshot', 'targets'] as const;
      for (const role of top) store.save(role, bytes('x'), 1);
      const names = ['a', 'targets', '__proto__', 'root', '../x', "o'hara"];
      for (const name of names) store.save({ delegation: name }, bytes(name), 1);
      store.keepDelegations(new Set(['a', '../x', 'never stored']));
      for (const role of top) assert.equal(text(store.load(role)), 'x');
      const kept = names.filter((name) => store.load({ delegation: name }) !== undefined);
      assert.deepEqual(kept, ['a', '../x']);
      store.keepDelegations(new Set());
      assert.equal(store.load({ delegation: 'a' }), undefined);
    },
  ],

  [
    'removes one role and nothing else',
    ({ store }) => {
      store.save('root', bytes('r'), 1);
      store.save('timestamp', bytes('ts'), 1);
      store.save('targets', bytes('t'), 1);
      store.remove('timestamp');
      store.remove('snapshot');
      assert.equal(store.load('timestamp'), undefined);
      assert.equal(text(store.load('targets')), 't');
      assert.equal(text(store.load('root')), 'r');
    },
  ],

  [
    'keeps delegated roles apart by name, whatever the name',
    ({ store }) => {
      const names = ['a', 'targets', '__proto__', 'constructor', '../x', "o'hara"];
      for (const name of names) store.save({ delegation: name }, bytes(`role ${name}`), 1);
      for (const name of names) assert.equal(text(store.load({ delegation: name })), `role ${name}`);
      assert.equal(store.load('targets'), undefined);
      store.remove({ delegation: 'a' });
      assert.equal(store.load({ delegation: 'a' }), undefined);
      assert.equal(text(store.load({ delegation: '__proto__' })), 'role __proto__');
    },
  ],

  [
    'remembers and forgets that the Director serves all roles',
    ({ store }) => {
      store.flags().rememberDirectorFullRoles(true);
      assert.equal(store.flags().directorFullRoles(), true);
      store.flags().rememberDirectorFullRoles(false);
      assert.equal(store.flags().directorFullRoles(), false);
    },
  ],

  [
    'has everything after it was opened again',
    async ({ store, reopen }) => {
      if (reopen === undefined) return;
      store.save('root', bytes('r'), 4);
      store.save({ delegation: 'd' }, bytes('d'), 1);
      store.flags().rememberDirectorFullRoles(true);
      const again = await reopen();
      assert.equal(text(again.loadRoot(4)), 'r');
      assert.equal(text(again.load({ delegation: 'd' })), 'd');
      assert.equal(again.flags().directorFullRoles(), true);
    },
  ],
];

export function metadataStoreContract(open: () => OpenStore | Promise<OpenStore>): void {
  void describe('MetadataStore contract', () => {
    for (const [title, test] of PROMISES) void it(title, () => runOn(open, test));
  });
}

async function runOn(open: () => OpenStore | Promise<OpenStore>, test: Test): Promise<void> {
  const opened = await open();
  try {
    await test(opened);
  } finally {
    await opened.close?.();
  }
}
