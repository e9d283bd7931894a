import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';

import { temporaryDirectory } from '../../../test/temporary-directory.ts';
import { defaultConfig } from '../../config/defaults.ts';
import type { Config } from '../../config/config.ts';
import { StorageError } from '../../errors.ts';
import { openStorage } from './sqlite-storage.ts';

const HOLDER = join(import.meta.dirname, '../../../test/hold-storage.ts');

function at(path: string): Config['storage'] {
  return { ...defaultConfig().storage, path };
}

async function holder(directory: string, pauseMs = 1): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOLDER, directory, String(pauseMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function refusal(directory: string): StorageError {
  try {
    openStorage(at(directory)).close();
  } catch (error) {
    assert.ok(error instanceof StorageError);
    return error;
  }
  assert.fail('the storage was opened twice');
}

describe('lock of the storage', () => {
  it('refuses a second process in one sentence that names the pid of the first', async (test) => {
    const directory = temporaryDirectory(test);
    const first = await holder(directory);
    const error = refusal(directory);
    assert.equal(error.code, 'locked');
    assert.equal(error.details['pid'], first.pid);
    assert.match(
      error.message,
      new RegExp(`^Another aktualizr \\(pid ${first.pid}\\) is working with this storage`),
    );
    await killed(first);
  });

  it('lets others look on while it is held', async (test) => {
    const directory = temporaryDirectory(test);
    const first = await holder(directory, 100);
    const looking = openStorage(at(directory), { readOnly: true });
    assert.equal(looking.identity.deviceId(), undefined);
    looking.close();
    assert.equal(refusal(directory).code, 'locked');
    await killed(first);
  });

  it('is free after a kill -9 of its holder in the middle of writing, and nothing is damaged', async (test) => {
    const directory = temporaryDirectory(test);
    for (let round = 0; round < 5; round++) {
      const first = await holder(directory);
      await killed(first);
      const storage = openStorage(at(directory));
      storage.identity.saveDeviceId(`round-${round}`);
      storage.close();
      const database = new DatabaseSync(join(directory, 'sql.db'));
      assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
      database.close();
    }
  });

  it('is free after a clean end and leaves no pid behind', async (test) => {
    const directory = temporaryDirectory(test);
    const first = await holder(directory);
    first.stdin?.end();
    await once(first, 'exit');
    assert.equal(existsSync(join(directory, 'storage.pid')), false);
    openStorage(at(directory)).close();
  });

  it('holds against a second opening in the same process, and survives it', async (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(at(directory));
    assert.equal(refusal(directory).details['pid'], process.pid);
    assert.equal(readFileSync(join(directory, 'storage.pid'), 'utf8'), `${process.pid}\n`);
    const child = spawn(process.execPath, [HOLDER, directory], { stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    assert.equal(code, 1);
    storage.close();
  });

  it('is taken, when the pid cannot be noted', (test) => {
    const directory = temporaryDirectory(test);
    mkdirSync(join(directory, 'storage.pid'));
    const storage = openStorage(at(directory));
    assert.equal(refusal(directory).code, 'locked');
    storage.close();
    openStorage(at(directory)).close();
  });

  it('says that the disk is full, when nothing can be written beside it', (test) => {
    const directory = temporaryDirectory(test);
    mkdirSync(join(directory, 'storage.lock'));
    symlinkSync('/dev/full', join(directory, `storage.lock-room.${process.pid}`));
    const error = refusal(directory);
    assert.equal(error.code, 'disk_full');
    assert.match(error.message, /^The disk is full: .*storage\.lock cannot be written\. Free some space/);
    assert.deepEqual(readdirSync(directory), ['storage.lock']);
  });

  it('says so, when the lock file cannot be used for another reason', (test) => {
    const directory = temporaryDirectory(test);
    mkdirSync(join(directory, 'storage.lock'));
    const error = refusal(directory);
    assert.equal(error.code, 'io');
    assert.match(error.message, /storage\.lock cannot be used/);
    assert.deepEqual(readdirSync(directory), ['storage.lock']);
  });

  it('is taken on a lock file that holds anything at all, such as one of another version', (test) => {
    const directory = temporaryDirectory(test);
    writeFileSync(join(directory, 'storage.lock'), 'pid 1 '.repeat(200));
    writeFileSync(join(directory, 'storage.pid'), '1\n');
    const storage = openStorage(at(directory));
    assert.equal(refusal(directory).details['pid'], process.pid);
    storage.close();
  });
});
