import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { ConfigError } from '../errors.ts';
import { assertUsable, checkConfig } from './check-config.ts';
import { loadConfig } from './load-toml.ts';

const USABLE = '[tls]\nserver = "https://gateway"\n[pacman]\ntype = "none"\n';

function paths(test: TestContext, content: string): { paths: readonly string[] } {
  const file = join(temporaryDirectory(test), 'sota.toml');
  writeFileSync(file, content);
  return { paths: [file] };
}

async function refusal(test: TestContext, content: string): Promise<string> {
  const loaded = await loadConfig(paths(test, content));
  try {
    assertUsable(loaded);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return '';
}

describe('check of a configuration', () => {
  it('finds nothing, when there is nothing to find', async (test) => {
    assert.deepEqual(await checkConfig(paths(test, USABLE)), []);
    assert.equal(await refusal(test, USABLE), '');
  });

  it('takes each warning for an error, while the device goes on', async (test) => {
    const content = `${USABLE}[uptane]\npoling_sec = 5\n`;
    const [first, ...more] = await checkConfig(paths(test, content));
    assert.match(first ?? '', /sota\.toml:6: unknown key "poling_sec"/);
    assert.deepEqual(more, []);
    assert.equal(await refusal(test, content), '');
  });

  it('names a path that does not exist', async () => {
    assert.deepEqual(await checkConfig({ paths: ['/nowhere'] }), [
      'The configuration /nowhere does not exist.',
    ]);
  });

  it('says that a directory holds no configuration', async (test) => {
    const [first] = await checkConfig({ paths: [temporaryDirectory(test)] });
    assert.match(first ?? '', /no configuration/);
  });
});

describe('configuration that this aktualizr cannot work with', () => {
  it('is a package manager that it does not have; ostree, the default, it has', async (test) => {
    const [server, other] = ['[tls]\nserver = "https://x"\n', '[pacman]\ntype = "debian"\n'];
    assert.equal(await refusal(test, server), '');
    assert.match(await refusal(test, server + other), /pacman\.type "debian" is not supported.*"none"/);
  });

  it('is a package manager that is nearly spelt right, with the right name', async (test) => {
    assert.match(await refusal(test, USABLE.replace('none', 'noen')), /did you mean "none"/);
  });

  it('is another storage, a list of Secondaries', async (test) => {
    assert.match(
      await refusal(test, `${USABLE}[storage]\ntype = "filesystem"\n`),
      /storage\.type "filesystem"/,
    );
    assert.match(
      await refusal(test, `${USABLE}[uptane]\nsecondary_config_file = "/x.json"\n`),
      /no Secondaries/,
    );
  });

  it('is a proxy of another kind, named without its password', async (test) => {
    const said = await refusal(test, `${USABLE}[network]\ncurl_proxy = "socks5://jane:secret@proxy"\n`);
    assert.match(said, /^network\.curl_proxy is not the address of a proxy that this client can use/);
    assert.doesNotMatch(said, /secret/);
    assert.equal(await refusal(test, `${USABLE}[network]\ncurl_proxy = "http://jane:x@proxy:3128"\n`), '');
  });

  it('is one that names no server', async (test) => {
    assert.match(await refusal(test, '[pacman]\ntype = "none"\n'), /names no server/);
  });
});
