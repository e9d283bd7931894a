// Each key of the configuration's table, given what it cannot take: the default stays, and a warning names file, line, key
// and what was expected. client-features 3.1; the "every configuration key out of type or range".
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';
import { SCHEMA_SECTIONS } from './defaults.ts';
import type { KeyKind } from './key-kinds.ts';
import { camelCase } from './key-kinds.ts';
import { loadConfig } from './load-toml.ts';

/** TOML values that no key of this kind takes. */
const UNFIT: { readonly [kind in KeyKind<unknown>['kind']]: readonly string[] } = {
  integer: ['"many"', '1.5', '""', 'true', '99999999999999', '[1]', '0x10', '1e3'],
  flag: ['"yes"', '2', '""', '"TRUE"', '[true]'],
  choice: ['"nonsense"', '""', '7', '["auto"]'],
  // Text is taken as it stands, as the original takes it.
  text: ['["a"]', '{ a = 1 }'],
  path: ['["a"]', '{ a = 1 }'],
  secret: ['["a"]', '{ a = 1 }'],
  url: ['["a"]', '{ a = 1 }'],
};

async function loadLine(test: TestContext, section: string, line: string) {
  const file = join(temporaryDirectory(test), 'sota.toml');
  writeFileSync(file, `[${section}]\n${line}\n`);
  return { file, ...(await loadConfig({ paths: [file] })) };
}

function valueOf(config: Config, section: string, key: string): unknown {
  const values = config[section as keyof Config] as unknown as Readonly<Record<string, unknown>>;
  return values[camelCase(key)];
}

describe('a value that its key cannot take', () => {
  for (const [section, keys] of SCHEMA_SECTIONS) {
    for (const [key, kind] of Object.entries(keys)) {
      it(`leaves the default of ${section}.${key}, with a warning that names it`, async (test) => {
        for (const value of UNFIT[kind.kind]) {
          const { config, warnings, file } = await loadLine(test, section, `${key} = ${value}`);
          assert.equal(warnings.length, 1, value);
          const message = warnings[0]?.message ?? '';
          assert.ok(message.startsWith(`${file}:2: `), message);
          assert.ok(message.includes(`${section}.${key} takes `), message);
          if (section !== 'tls' || key !== 'server') {
            const empty = await loadLine(test, section, '');
            assert.deepEqual(valueOf(config, section, key), valueOf(empty.config, section, key), value);
          }
        }
      });
    }
  }
});

describe('a number', () => {
  for (const [section, keys] of SCHEMA_SECTIONS) {
    for (const [key, kind] of Object.entries(keys)) {
      if (kind.kind !== 'integer') continue;
      it(`of ${section}.${key} is taken at both ends of its range and refused beyond them`, async (test) => {
        const [, min = '', max = ''] = /from (-?\d+) to (\d+)/.exec(expectation(kind)) ?? [];
        for (const value of [min, max]) {
          const { config, warnings } = await loadLine(test, section, `${key} = ${value}`);
          assert.deepEqual(warnings, []);
          assert.equal(valueOf(config, section, key), Number(value));
        }
        for (const value of [BigInt(min) - 1n, BigInt(max) + 1n]) {
          const { warnings } = await loadLine(test, section, `${key} = ${value}`);
          assert.match(warnings[0]?.message ?? '', new RegExp(`takes a whole number from ${min} to ${max}`));
        }
      });
    }
  }
});

function expectation(kind: KeyKind<unknown>): string {
  const reading = kind.read('');
  assert.ok(!reading.ok);
  return reading.expected;
}

describe('an unknown key', () => {
  for (const [section, keys] of SCHEMA_SECTIONS) {
    it(`of [${section}] is named with the nearest valid one`, async (test) => {
      for (const key of Object.keys(keys)) {
        const slip = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`;
        if (Object.hasOwn(keys, slip)) continue;
        const { warnings } = await loadLine(test, section, `${slip} = "a"`);
        assert.match(warnings[0]?.message ?? `no word about ${slip}`, new RegExp(`unknown key "${slip}"`));
        assert.match(warnings[0]?.message ?? '', /did you mean "/);
      }
    });
  }
});

describe('names that JavaScript knows', () => {
  it('are unknown sections and keys like any other', async (test) => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
      const asKey = await loadLine(test, 'uptane', `${name} = "polluted"`);
      assert.match(asKey.warnings[0]?.message ?? '', new RegExp(`unknown key "${name}"`));
      const asSection = await loadLine(test, name, 'polling_sec = 1');
      assert.match(asSection.warnings[0]?.message ?? '', new RegExp(`unknown section \\[${name}\\]`));
    }
    assert.equal(Object.hasOwn(Object.prototype, 'polling_sec'), false);
  });
});

describe('a file that cannot be read', () => {
  it('is a directory named like one: refused by its name', async (test) => {
    const directory = temporaryDirectory(test);
    mkdirSync(join(directory, '10-odd.toml'));
    await assert.rejects(loadConfig({ paths: [directory] }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'unreadable_file');
      assert.match(error.message, /10-odd\.toml cannot be read \(EISDIR\)/);
      return true;
    });
  });
});
