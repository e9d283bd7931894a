import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonValues } from '../../test/loose-json.ts';
import { CodedError } from '../errors.ts';
import { canonicalBytes, canonicalText } from './canonical-json.ts';
import { parseStrictJson } from './strict-json.ts';
import { jsonObject, member, type JsonValue } from './value.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const refused = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;

/** What the original does with it and we refuse, by name. */
const REFUSED = new Map([
  ['"over53"', 'number_too_large'],
  ['"bigger"', 'number_too_large'],
  ['"dup"', 'duplicate_name'],
  ['"trail"', 'syntax'],
]);

describe('canonical JSON', () => {
  const lines = readFileSync(
    new URL('../../test/fixtures/canonical-json-vectors.jsonl', import.meta.url),
    'utf8',
  ).trim();
  for (const line of lines.split('\n')) {
    const { input, canonical } = JSON.parse(line) as { input: string; canonical: string };
    const code = [...REFUSED].find(([marker]) => input.includes(marker))?.[1];
    if (code === undefined) {
      it(`gives the original’s bytes for ${input.slice(0, 40)}`, () => {
        assert.equal(canonicalText(parseStrictJson(bytes(input))), canonical);
      });
    } else {
      it(`refuses ${input.slice(0, 40)} as ${code}`, () => {
        assert.throws(() => parseStrictJson(bytes(input)), refused(code));
      });
    }
  }

  it('orders names by code point, not by UTF-16 unit', () => {
    const value = jsonObject([
      ['\u{1f600}', 1],
      ['\uffee', 2],
      ['\u007f', 3],
    ]);
    assert.equal(canonicalText(value), '{"\u007f":3,"\\uffee":2,"\\ud83d\\ude00":1}');
  });

  it('puts a name before the longer one that begins with it', () => {
    assert.equal(
      canonicalText(
        jsonObject([
          ['ab', 1],
          ['a', 2],
          ['', 3],
        ]),
      ),
      '{"":3,"a":2,"ab":1}',
    );
  });

  it('writes members named like properties of every object', () => {
    const value = parseStrictJson(bytes('{"toString":1,"constructor":2,"__proto__":{"a":3}}'));
    assert.equal(canonicalText(value), '{"__proto__":{"a":3},"constructor":2,"toString":1}');
  });

  it('refuses numbers that are no safe integers, and half surrogate pairs', () => {
    for (const value of [1.5, 2 ** 53, Number.NaN, Infinity]) {
      assert.throws(() => canonicalText([value]), refused('not_an_integer'));
      assert.throws(() => canonicalText({ b: value, a: 1 }), refused('not_an_integer'));
    }
    assert.throws(() => canonicalText({ b: '\ud800', a: 1 }), refused('half_surrogate'));
    assert.throws(() => canonicalText('\udc00'), refused('half_surrogate'));
  });

  it('is stable: what it writes parses to the same text again', () => {
    fc.assert(
      fc.property(jsonValues(), (value) => {
        const text = canonicalText(value);
        assert.equal(canonicalText(parseStrictJson(canonicalBytes(value))), text);
        assert.match(text, /^[\0-\x7f]*$/);
      }),
    );
  });
});

describe('strict JSON', () => {
  const BAD: readonly (readonly [string, string])[] = [
    ['', 'syntax'],
    ['nul', 'syntax'],
    ['{"a":1}x', 'syntax'],
    ['{"a":1,}', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['{"a" 1}', 'syntax'],
    ['[1 2]', 'syntax'],
    ['{"a":1', 'syntax'],
    ['"a', 'syntax'],
    ['"\n"', 'syntax'],
    ['"\\x"', 'syntax'],
    ['"\\u12g4"', 'syntax'],
    ['01', 'syntax'],
    ['+1', 'syntax'],
    ['NaN', 'syntax'],
    ['Infinity', 'syntax'],
    ['// x\n1', 'syntax'],
    ['\ufeff{}', 'syntax'],
    ['1.0', 'not_an_integer'],
    ['1.5', 'not_an_integer'],
    ['1e3', 'not_an_integer'],
    ['{"version":1E0}', 'not_an_integer'],
    ['9007199254740993', 'number_too_large'],
    ['9007199254740992', 'number_too_large'],
    ['-9223372036854775808', 'number_too_large'],
    ['1000000000000000000000', 'number_too_large'],
    ['{"a":1,"a":1}', 'duplicate_name'],
    ['{"a":1,"\\u0061":2}', 'duplicate_name'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate_name'],
    ['"\\ud800"', 'half_surrogate'],
    ['"\\ude00\\ud83d"', 'half_surrogate'],
    ['{"\\ud800":1}', 'half_surrogate'],
  ];
  for (const [text, code] of BAD) {
    it(`refuses ${JSON.stringify(text)} as ${code}`, () => {
      assert.throws(() => parseStrictJson(bytes(text)), refused(code));
    });
  }

  it('refuses bytes that are no UTF-8', () => {
    for (const bad of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      assert.throws(() => parseStrictJson(new Uint8Array(bad)), refused('invalid_utf8'));
    }
  });

  it('refuses nesting beyond its bound and takes what is within', () => {
    const nested = (depth: number): Uint8Array => bytes('['.repeat(depth) + ']'.repeat(depth));
    assert.throws(() => parseStrictJson(nested(65)), refused('too_deep'));
    assert.throws(() => parseStrictJson(nested(1_000_000)), refused('too_deep'));
    assert.ok(Array.isArray(parseStrictJson(nested(64))));
  });

  it('gives objects without a prototype, on both ways', () => {
    for (const text of ['{"a":{"__proto__":{"x":1}}}', '{ "a": {"__proto__": {"x":1}} }']) {
      const value = parseStrictJson(bytes(text)) as { a: Record<string, JsonValue> };
      assert.equal(Object.getPrototypeOf(value.a), null);
      assert.equal(canonicalText(member(value.a, '__proto__') ?? null), '{"x":1}');
      assert.equal(member(value.a, 'x'), undefined);
      assert.equal(member(value.a, 'constructor'), undefined);
    }
  });

  it('keeps safe integers to the last one', () => {
    const text = '[9007199254740991,-9007199254740991,0]';
    assert.equal(canonicalText(parseStrictJson(bytes(text))), text);
  });
});
