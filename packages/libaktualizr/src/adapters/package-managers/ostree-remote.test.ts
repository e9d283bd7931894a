import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../errors.ts';
import { withRemote } from './ostree-remote.ts';

const OWN =
  '[core]\nrepo_version=1\nmode=bare\n\n[remote "aktualizr-remote"]\nurl=https://old\nproxy=http://old\n[other]\na=b\n';

describe('view of an OSTree repository', () => {
  let repository: string;
  const remote = {
    url: 'https://hub/treehub',
    credentials: { ca: 'the CA', certificate: 'the certificate', privateKey: 'the key' },
  };
  const place = process.env.RUNTIME_DIRECTORY;
  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'repository-'));
    process.env.RUNTIME_DIRECTORY = repository;
    for (const name of ['objects', 'refs', 'tmp', 'state']) mkdirSync(join(repository, name));
    writeFileSync(join(repository, 'config'), OWN);
  });
  afterEach(() => {
    if (place === undefined) delete process.env.RUNTIME_DIRECTORY;
    else process.env.RUNTIME_DIRECTORY = place;
    rmSync(repository, { recursive: true });
  });

  it('leads into the repository, has a configuration and credentials of its own, and is gone afterwards', async () => {
    const seen = await withRemote(repository, { ...remote, proxy: 'http://127.0.0.1:1' }, async (view) => {
      assert.equal(statSync(view).mode & 0o777, 0o700);
      assert.equal(readlinkSync(join(view, 'objects')), join(repository, 'objects'));
      assert.equal(readlinkSync(join(view, '.lock')), join(repository, '.lock'));
      for (const [name, text] of Object.entries({
        'pkey.pem': 'the key',
        'client.pem': 'the certificate',
        'root.crt': 'the CA',
      })) {
        assert.equal(readFileSync(join(view, name), 'utf8'), text);
        assert.equal(statSync(join(view, name)).mode & 0o777, 0o600);
      }
      const config = readFileSync(join(view, 'config'), 'utf8');
      assert.match(config, /^\[core\]\nrepo_version=1\nmode=bare\n/);
      assert.match(config, /\[other\]\na=b\n/);
      assert.doesNotMatch(config, /old/);
      assert.match(config, /\[remote "aktualizr-remote"\]\nurl=https:\/\/hub\/treehub\ngpg-verify=false\n/);
      assert.match(config, /\nproxy=http:\/\/127\.0\.0\.1:1\n/);
      return view;
    });
    assert.equal(existsSync(seen), false);
    assert.equal(readFileSync(join(repository, 'config'), 'utf8'), OWN);
  });

  it('is gone after a failure, and what a killed process left goes with the next', async () => {
    let left = '';
    await assert.rejects(
      withRemote(repository, remote, async (view) => {
        left = view;
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.equal(existsSync(left), false);
    mkdirSync(left);
    await withRemote(repository, remote, async () => assert.equal(existsSync(left), false));
  });

  it('is refused by name without a repository', async () => {
    rmSync(join(repository, 'config'));
    await assert.rejects(
      withRemote(repository, remote, async () => undefined),
      (error: unknown) => error instanceof StorageError && error.code === 'io',
    );
  });
});
