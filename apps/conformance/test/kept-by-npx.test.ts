import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { restoreOptions } from '../src/kept-by-npx.ts';
import { TUF_OPTIONS } from '../src/tuf-command.ts';
import { temporaryFolder } from './served.ts';

const clone = fileURLToPath(new URL('../../..', import.meta.url));
const restore = (line: string, env: Record<string, string>): string =>
  restoreOptions(line.split(' '), TUF_OPTIONS, { npm_command: 'exec', ...env }).join(' ');

describe('options that npx kept', () => {
  it('are put back before their values, addresses by themselves', () => {
    const env = {
      npm_config_metadata_dir: 'true',
      npm_config_metadata_url: 'true',
      npm_config_target_name: 'true\n\ntrue',
      npm_config_target_base_url: 'true',
      npm_config_target_dir: 'true',
    };
    const restored =
      '--metadata-dir m --metadata-url http://a --target-name n1 --target-name n2 --target-base-url http://b --target-dir t download';
    assert.equal(restore('m http://a n1 n2 http://b t download', env), restored);
    assert.equal(restore('http://a m n1 n2 t http://b download', env), restored);
  });

  it('are taken with the values that they have, when given with an equals sign', () => {
    const env = { npm_config_metadata_dir: 'm', npm_config_metadata_url: 'true' };
    assert.equal(restore('http://a refresh', env), '--metadata-dir m --metadata-url http://a refresh');
  });

  it('change nothing, when options are there, when npx did not start the command, or when values are lacking', () => {
    const env = { npm_config_metadata_dir: 'true' };
    assert.equal(restore('--metadata-dir m init f', env), '--metadata-dir m init f');
    assert.deepEqual(restoreOptions(['m', 'init', 'f'], TUF_OPTIONS, { ...env, npm_command: 'test' }), [
      'm',
      'init',
      'f',
    ]);
    const two = { npm_config_metadata_dir: 'true', npm_config_metadata_url: 'true' };
    assert.equal(restore('refresh', two), 'refresh');
  });

  for (const before of [
    ['--no', 'tuf-client'],
    ['--no', '--', 'tuf-client'],
  ])
    it(`reach the command under npx ${before.join(' ')}`, () => {
      const { folder, remove } = temporaryFolder();
      const args = [
        ...before,
        '--metadata-url',
        'http://127.0.0.1:9',
        '--metadata-dir',
        path.join(folder, 'm'),
        'refresh',
      ];
      const { status, stderr } = spawnSync('npx', args, { cwd: clone, encoding: 'utf8' });
      assert.equal(status, 1);
      assert.match(stderr, /m holds no trusted Root yet/);
      remove();
    });

  for (const help of [
    ['--no', '--', 'tuf-client', '--help'],
    ['--no', 'tuf-client', 'help'],
  ])
    it(`leave help to the command under npx ${help.join(' ')}`, () => {
      const { status, stdout } = spawnSync('npx', help, { cwd: clone, encoding: 'utf8' });
      assert.equal(status, 0);
      assert.match(stdout, /^tuf-client --metadata-dir DIR init/);
    });
});
