import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstallError } from '../errors.ts';
import type { OfflineCycleResult } from '../results.ts';
import { followMedium } from './follow-medium.ts';

const NOTHING: OfflineCycleResult = { check: { kind: 'nothing_new' } };

describe('follow a medium', () => {
  let folder: string;
  let directory: string;
  let ending: AbortController;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medium-'));
    directory = join(folder, 'mnt', 'stick');
    ending = new AbortController();
  });
  afterEach(() => {
    ending.abort();
    rmSync(folder, { recursive: true });
  });

  /** Emits `cycle` for each one; `results`: what they answer in turn, then nothing new. */
  function follow(results: readonly (OfflineCycleResult | Error)[] = [], pollMs = 20): EventEmitter {
    const told = new EventEmitter();
    const waiting = [...results];
    const aktualizr = {
      uptaneCycleOffline: async () => {
        const result = waiting.shift() ?? NOTHING;
        if (result instanceof Error) throw result;
        return result;
      },
    };
    followMedium(aktualizr, {
      directory,
      signal: ending.signal,
      onCycle: (result) => void told.emit('cycle', result),
      onError: (error) => void told.emit('failed', error),
      pollMs,
      restMs: 20,
      retryMs: 20,
    });
    return told;
  }

  const insert = () => mkdirSync(join(directory, 'metadata'), { recursive: true });

  it('runs a cycle for a medium that is there at the start', async () => {
    insert();
    await once(follow(), 'cycle');
  });

  it('runs one for each insertion, and none while nothing changes', async () => {
    let count = 0;
    const told = follow().on('cycle', () => (count += 1));
    for (const insertion of [1, 2]) {
      const cycle = once(told, 'cycle');
      insert();
      await cycle;
      await sleep(100);
      assert.equal(count, insertion);
      rmSync(directory, { recursive: true });
      await sleep(60);
    }
  });

  it('runs one for another medium in the same place', async () => {
    insert();
    const told = follow();
    await once(told, 'cycle');
    mkdirSync(join(folder, 'other', 'metadata'), { recursive: true });
    const cycle = once(told, 'cycle');
    renameSync(directory, join(folder, 'first'));
    renameSync(join(folder, 'other'), directory);
    await cycle;
  });

  it('waits until a medium that is being written rests, and looks again when its metadata change', async () => {
    let count = 0;
    const told = follow().on('cycle', () => (count += 1));
    mkdirSync(join(directory, 'metadata', 'director'), { recursive: true });
    const cycle = once(told, 'cycle');
    for (const name of ['a', 'b', 'c', 'd']) {
      writeFileSync(join(directory, 'metadata', 'director', name), '');
      await sleep(5);
    }
    await cycle;
    const next = once(told, 'cycle');
    const before = count;
    writeFileSync(join(directory, 'metadata', 'director', 'offline-snapshot.json'), '');
    await next;
    assert.equal(count, before + 1);
  });

  it('hears of it from the system, long before it looks again', async () => {
    mkdirSync(join(folder, 'mnt'));
    const told = follow([], 60_000);
    const cycle = once(told, 'cycle');
    mkdirSync(join(folder, 'new', 'metadata'), { recursive: true });
    renameSync(join(folder, 'new'), directory);
    await cycle;
  });

  it('tries a copy that broke off again, while the medium is there', async () => {
    insert();
    const error = new InstallError('no_space', 'Full.');
    const broken: OfflineCycleResult = {
      check: { kind: 'nothing_new' },
      download: { kind: 'failed', error, reported: false },
    };
    const told = follow([broken]);
    await once(told, 'cycle');
    await once(told, 'cycle');
  });

  it('goes on after a cycle that threw', async () => {
    insert();
    const told = follow([new Error('Broken.')]);
    await once(told, 'failed');
    rmSync(directory, { recursive: true });
    await sleep(60);
    const cycle = once(told, 'cycle');
    insert();
    await cycle;
  });
});
