import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { looseTexts } from '../../test/loose-json.ts';
import { CodedError } from '../errors.ts';
import { canonicalBytes, compareNames } from '../json/canonical-json.ts';
import { parseStrictJson, viewStrictJson } from '../json/strict-json.ts';
import { isJsonObject, jsonObject, member, type JsonValue } from '../json/value.ts';
import { readTargetEntry, type TargetEntry } from './target-entry.ts';
import { readTargetTable, type TargetTable } from './target-table.ts';

const SHA256 = 'ab'.repeat(32);
const SHA512 = '0F'.repeat(64);

function tableOf(value: JsonValue): TargetTable {
  return readTargetTable(viewStrictJson(canonicalBytes(value), 64));
}

/** Everything read at once, in canonical order: what the table has to agree with. */
function readAll(targets: JsonValue): readonly TargetEntry[] {
  const value = parseStrictJson(canonicalBytes(targets));
  return Object.entries(isJsonObject(value) ? value : {})
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([name, entry]) => readTargetEntry(name, entry));
}

function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function names(): fc.Arbitrary<string> {
  const strange = [
    '',
    '__proto__',
    'a\n',
    '\u007f',
    '\u00fc',
    '\u{1f600}',
    '\uffee',
    'x'.repeat(1024),
    'x'.repeat(1025),
  ];
  return fc.oneof({ weight: 5, arbitrary: fc.string({ minLength: 1 }) }, fc.constantFrom(...strange));
}

/** Of the usual form, or nearly. */
function entries(): fc.Arbitrary<JsonValue> {
  const odd = fc.constantFrom<(JsonValue | undefined)[]>(undefined, null, -1, 0, 'text', [], {}, true);
  const usual = (value: JsonValue, weight = 30) =>
    fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: odd });
  const digits = fc.constantFrom(SHA256, SHA512, SHA256.slice(1), `${SHA256}a`, `${SHA256.slice(1)}g`, '');
  const hashes = fc
    .tuple(usual(SHA256), usual(SHA512), fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, digits))
    .map(([sha256, sha512, other]) =>
      jsonObject([
        ['md5', other],
        ['sha256', other === '' ? undefined : sha256],
        ['sha512', other === undefined ? sha512 : other],
      ]),
    );
  return fc
    .tuple(usual(7), fc.oneof({ weight: 20, arbitrary: hashes }, odd), usual(jsonObject([['a', 1]])), odd)
    .map(([length, listed, custom, extra]) =>
      jsonObject([
        ['custom', custom],
        ['hashes', listed],
        ['length', length],
        ['zzz', extra],
      ]),
    );
}

describe('table of targets', () => {
  const targets = (size: number) =>
    fc.array(fc.tuple(names(), entries()), { maxLength: size }).map((all) => jsonObject(new Map(all)));

  it('takes and refuses what reading every entry takes and refuses, for the same reason', () => {
    fc.assert(
      fc.property(targets(3), (value) => {
        assert.deepEqual(
          outcome(() => [...tableOf(value).values()]),
          outcome(() => readAll(value)),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('finds each entry by its name and no other', () => {
    const usual = jsonObject([
      ['hashes', jsonObject([['sha256', SHA256]])],
      ['length', 1],
    ]);
    const some = fc.array(
      names().filter((name) => typeof outcome(() => readTargetEntry(name, usual)) !== 'string'),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(some, fc.string(), (listed, other) => {
        const table = tableOf(jsonObject(listed.map((name) => [name, usual])));
        assert.equal(table.size, new Set(listed).size);
        for (const name of [...listed, other, '\ud800']) {
          assert.equal(table.get(name)?.name, listed.includes(name) ? name : undefined);
          assert.equal(table.has(name), listed.includes(name));
        }
      }),
    );
  });

  it('is the same for a document in any form', () => {
    fc.assert(
      fc.property(looseTexts(targets(4)), ([value, text]) => {
        const view = viewStrictJson(new TextEncoder().encode(text), 64);
        assert.deepEqual(
          outcome(() => [...readTargetTable(view).values()]),
          outcome(() => readAll(value)),
        );
      }),
    );
  });

  for (const [what, entry] of [
    ['no object', 1],
    ['empty', {}],
    ['without hashes', { length: 1 }],
    ['without a length', { hashes: { sha256: SHA256 } }],
    ['with a negative length', { hashes: { sha256: SHA256 }, length: -1 }],
    ['with a hash too short', { hashes: { sha256: SHA256.slice(1) }, length: 1 }],
    ['with a hash too long', { hashes: { sha256: `${SHA256}a` }, length: 1 }],
    ['with a hash that is no text', { hashes: { sha512: 1 }, length: 1 }],
    ['with custom data that is no object', { custom: [], hashes: { sha256: SHA256 }, length: 1 }],
  ] as const) {
    it(`refuses an entry ${what}, whatever is asked for`, () => {
      const good = { hashes: { sha256: SHA256 }, length: 1 };
      assert.throws(() => tableOf({ a: good, b: entry, c: good }), CodedError);
    });
  }

  it('keeps custom data named like properties of every object', () => {
    const value = JSON.parse(
      `{"__proto__":{"custom":{"__proto__":{"x":1}},"hashes":{},"length":0}}`,
    ) as JsonValue;
    const custom = tableOf(value).get('__proto__')?.custom ?? {};
    assert.equal(Object.getPrototypeOf(custom), null);
    assert.deepEqual(Object.keys(custom), ['__proto__']);
    assert.equal(member(custom, 'x'), undefined);
  });
});
