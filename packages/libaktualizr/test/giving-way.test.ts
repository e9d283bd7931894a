// Verification never holds the process up for longer than one document takes, also where all is stored already.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetadataStore } from '@ota-connect/uptane';
import { setStage } from './support/stage.ts';

describe('verification', () => {
  const stage = setStage();

  for (const name of ['director', 'image'] as const)
    it(`gives way to everything else between two stored documents, of the ${name}`, async () => {
      await stage.offer();
      const first = await stage.open();
      await first.aktualizr.checkUpdates();
      await first.aktualizr.download();
      stage.close(first);
      let turns = 0;
      let timer = setImmediate(function next() {
        turns += 1;
        timer = setImmediate(next);
      });
      const loadedAt: number[] = [];
      const watched = (store: MetadataStore): MetadataStore => ({
        ...store,
        load(role) {
          if (role === 'targets') loadedAt.push(turns);
          return store.load(role);
        },
        loadRoot(version) {
          loadedAt.push(turns);
          return store.loadRoot(version);
        },
      });
      const { aktualizr } = await stage.open({
        wrap: {
          storage: (storage) => ({
            ...storage,
            metadata: { ...storage.metadata, [name]: watched(storage.metadata[name]) },
          }),
        },
      });
      try {
        assert.equal((await aktualizr.install()).kind, 'installed');
      } finally {
        clearImmediate(timer);
      }
      assert.ok(new Set(loadedAt).size > 1, loadedAt.join());
    });
});
