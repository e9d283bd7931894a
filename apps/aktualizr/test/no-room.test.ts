// What the real process says when there is no room: 74, one sentence, nothing damaged, and the next run with room ends
// well. Without root: no disk has room for the longest image, `ulimit -f` bounds every file that the process writes. A disk
// that fills while an image arrives is in test/system/full-disk.test.ts.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder } from './process.ts';

const MIB = 1024 * 1024;

describe('aktualizr process without room', () => {
  let gateway: TestGateway;
  let folder: Folder;
  let database: string;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
    database = join(folder.path, 'storage', 'sql.db');
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  async function expectNoRoom(sentence: RegExp, ...args: readonly string[]): Promise<void> {
    const run = await folder.run(...args);
    assert.equal(run.code, 74, run.stderr + run.stdout);
    assert.match(run.stderr, sentence);
    assert.doesNotMatch(run.stderr, /\n\s+at /, 'a stack trace is no sentence');
  }

  /** Answers the name of its file on the device. */
  async function offer(content: string): Promise<string> {
    const target = gateway.simulator.offer('app.bin', content);
    await gateway.simulator.publish();
    return join(folder.imagesPath, (target.hashes.sha256 ?? '').toUpperCase());
  }

  async function expectUpdate(file: string, content: string): Promise<void> {
    const run = await folder.run('once');
    assert.equal(run.code, 0, run.stderr + run.stdout);
    assert.equal(readFileSync(file, 'utf8'), content);
  }

  it('for the image: keeps the update for later', async () => {
    const file = await offer('the new version');
    const { director, image } = gateway.simulator;
    const signed = image.targets.get('app.bin');
    assert.ok(signed !== undefined);
    for (const { targets } of [director, image]) {
      const target = targets.get('app.bin') ?? signed;
      targets.set('app.bin', { ...target, lengthBytes: 2 ** 52 });
    }
    await gateway.simulator.publish();
    await expectNoRoom(/do not fit\. Free some space and try again/, 'once');
    await offer('the new version');
    await expectUpdate(file, 'the new version');
  });

  it('for an image as long as this one: keeps what arrived and goes on from there', async () => {
    const content = 'x'.repeat(2 * MIB);
    const file = await offer(content);
    folder.limitFiles(MIB);
    await expectNoRoom(
      /would grow longer than this process may write \(ulimit -f\).*Raise the limit/,
      'once',
    );
    assert.equal(statSync(file).size, MIB);
    folder.limitFiles(undefined);
    await expectUpdate(file, content);
    assert.match(
      gateway.requests.find(({ headers }) => headers.range !== undefined)?.headers.range ?? '',
      /^bytes=1048576-/,
    );
  });

  it('for the lock file: says so', async () => {
    folder.limitFiles(0);
    await expectNoRoom(/storage\.lock would grow longer than this process may write/, 'check');
    assert.deepEqual(gateway.requests, []);
  });

  it('for a new database: leaves none that is half made', async () => {
    folder.limitFiles(32 * 1024);
    await expectNoRoom(/sql\.db would grow longer than this process may write/, 'check');
    assert.deepEqual(gateway.requests, []);
    folder.limitFiles(undefined);
    assert.equal((await folder.run('check')).code, 0);
  });

  it('for what the database has to take: loses nothing that it has', async () => {
    assert.equal((await folder.run('check')).code, 0);
    const file = await offer('the new version');
    folder.limitFiles(statSync(database).size);
    gateway.simulator.image.targets.set(
      'long',
      gateway.simulator.targetOf({
        name: 'long',
        content: new Uint8Array(1),
        hardwareIds: ['x'.repeat(64 * 1024)],
      }),
    );
    await gateway.simulator.publish();
    await expectNoRoom(/sql\.db would grow longer than this process may write/, 'once');
    const looking = new DatabaseSync(database);
    assert.deepEqual({ ...looking.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    looking.close();
    folder.limitFiles(undefined);
    await expectUpdate(file, 'the new version');
  });
});
