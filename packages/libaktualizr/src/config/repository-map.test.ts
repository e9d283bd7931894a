import { describe, it, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { ConfigError } from '../errors.ts';
import { assertUsable, checkConfig } from './check-config.ts';
import { configurationReport } from './configuration-report.ts';
import { loadConfig } from './load-toml.ts';
import { readRepositoryMap } from './repository-map.ts';

const MAP = {
  repositories: {
    director: ['https://director/', 'https://spare/director'],
    image: ['https://images/repo'],
    supplier: ['https://supplier'],
  },
  mapping: [{ paths: ['*'], repositories: ['director', 'image'], threshold: 2, terminating: true }],
};

function configured(test: TestContext, map: string | undefined): { readonly paths: readonly string[] } {
  const folder = temporaryDirectory(test);
  if (map !== undefined) writeFileSync(join(folder, 'map.json'), map);
  const file = join(folder, 'sota.toml');
  const key = `[uptane]\nrepository_map = "${join(folder, 'map.json')}"\n`;
  writeFileSync(file, `[tls]\nserver = "https://gateway"\n[pacman]\ntype = "none"\n${key}`);
  return { paths: [file] };
}

describe('repository mapping of the configuration', () => {
  it('is none by default, and the report does not mention it', async (test) => {
    const file = join(temporaryDirectory(test), 'sota.toml');
    writeFileSync(file, '[tls]\nserver = "https://gateway"\n');
    const { config } = await loadConfig({ paths: [file] });
    assert.equal(readRepositoryMap(config), undefined);
    assert.doesNotMatch(configurationReport(config), /repository_map/);
  });

  it('names addresses in order, without a slash at their ends [5.2.6-1, 5.2.6-2]', async (test) => {
    const { config } = await loadConfig(configured(test, JSON.stringify(MAP)));
    const map = readRepositoryMap(config);
    assert.deepEqual(map?.repositories.get('director'), ['https://director', 'https://spare/director']);
    assert.deepEqual([...(map?.repositories.keys() ?? [])], ['director', 'image', 'supplier']);
    assert.match(configurationReport(config), /^repository_map = ".*map\.json"$/m);
  });

  it('passes --check-config, when it is whole', async (test) => {
    assert.deepEqual(await checkConfig(configured(test, JSON.stringify(MAP))), []);
  });

  for (const [what, map, says] of [
    ['is missing', undefined, /map\.json, which cannot be read \(ENOENT\)\. Correct the file/],
    ['is no JSON', '{', /map\.json, named by uptane\.repository_map, is no repository mapping: .*Correct/],
    [
      'names no Director',
      JSON.stringify({ ...MAP, repositories: { image: ['https://x'] } }),
      /has to name "director"/,
    ],
    [
      'names an address without TLS',
      JSON.stringify({ ...MAP, repositories: { ...MAP.repositories, image: ['http://x'] } }),
      /has the address http:\/\/x, which is not https/,
    ],
    [
      'names an unknown repository',
      JSON.stringify({ ...MAP, mapping: [{ ...MAP.mapping[0], repositories: ['director', 'other'] }] }),
      /names "other", which has no address/,
    ],
  ] as const) {
    it(`stops the device, when the file ${what}, in one sentence with its path`, async (test) => {
      const paths = configured(test, map);
      const [problem, ...more] = await checkConfig(paths);
      assert.match(problem ?? '', says);
      assert.deepEqual(more, []);
      const loaded = await loadConfig(paths);
      assert.throws(() => assertUsable(loaded), ConfigError);
    });
  }
});
