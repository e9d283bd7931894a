import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUpdateLock } from '../src/adapters/lock/update-lock.ts';
import { standIns, type Programs } from './support/programs.ts';

describe('update lock', () => {
  let programs: Programs;
  let log: string[];
  beforeEach(() => {
    programs = standIns();
    log = [];
  });
  afterEach(() => programs.close());
  const file = () => join(programs.folder, 'lock');
  const lockOf = () => createUpdateLock(file(), (level, message) => void log.push(`${level}: ${message}`));

  /** An application of the device that holds the lock until its input ends. */
  async function holder(): Promise<() => Promise<void>> {
    const child = spawn('flock', ['-n', file(), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    return async () => {
      child.stdin.end();
      await once(child, 'close');
    };
  }

  const isFree = async () => {
    const child = spawn('flock', ['-n', file(), 'true'], { stdio: 'ignore' });
    const [code] = (await once(child, 'close')) as [number];
    return code === 0;
  };

  it('is taken once, seen by other users of flock, and released', async () => {
    const lock = lockOf();
    assert.equal(await lock.take(), 'taken');
    assert.equal(await lock.take(), 'taken');
    assert.equal(await isFree(), false);
    lock.release();
    assert.equal(await isFree(), true);
    lock.release();
  });

  it('is not taken while somebody holds it', async () => {
    const lock = lockOf();
    const letGo = await holder();
    assert.deepEqual(await lock.take(), { postponed: `${file()} is locked` });
    await letGo();
    assert.equal(await lock.take(), 'taken');
    lock.release();
  });

  it('forbids nothing, when its file cannot be opened', async () => {
    const lock = createUpdateLock(join(programs.folder, 'no', 'lock'), (_level, message) =>
      log.push(message),
    );
    assert.equal(await lock.take(), 'taken');
    assert.match(log.join(), /cannot be opened/);
    lock.release();
  });

  it('holds updates back, when nobody can lock', async () => {
    programs.write('flock', 'exit 70');
    const answer = await lockOf().take();
    assert.ok(answer !== 'taken' && /cannot be locked/.test(answer.postponed));
    assert.equal(readFileSync(file(), 'utf8'), '');
  });
});
