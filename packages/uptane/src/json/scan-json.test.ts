import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readExactly } from '../../test/exact-json.ts';
import { jsonValues, looseTexts } from '../../test/loose-json.ts';
import { CodedError } from '../errors.ts';
import { canonicalBytes, canonicalText } from './canonical-json.ts';
import { decode } from './json-view.ts';
import { scanJson } from './scan-json.ts';
import { parseStrictJson, viewStrictJson } from './strict-json.ts';

const DEPTH = 64;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The canonical text, or the code of the refusal. */
function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodedError) return `refused: ${error.code}`;
    throw error;
  }
}

/** That the bytes and the character-by-character reader agree. */
function agreeOn(text: string): void {
  const received = bytesOf(text);
  const exact = outcome(() => canonicalText(readExactly(textOf(received), DEPTH)));
  assert.equal(
    outcome(() => canonicalText(parseStrictJson(received, DEPTH))),
    exact,
  );
  assert.equal(
    outcome(() => textOf(viewStrictJson(received, DEPTH).bytes)),
    exact,
  );
  assert.equal(
    outcome(() => canonicalText(decode(viewStrictJson(received, DEPTH)))),
    exact,
  );
}

describe('scanning JSON bytes', () => {
  it('gives value and canonical form as the exact reader does, however a document is written', () => {
    fc.assert(
      fc.property(looseTexts(), ([value, text]) => {
        agreeOn(text);
        assert.equal(canonicalText(parseStrictJson(bytesOf(text), DEPTH)), canonicalText(value));
      }),
    );
  });

  it('refuses and takes what the exact reader refuses and takes, after any small damage', () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.constantFrom(...Array.from('{}[],:"\\/-0129.eEu+ntf \u0000\u0007\u00fc')),
    );
    fc.assert(
      fc.property(looseTexts(), fc.array(damage, { minLength: 1, maxLength: 3 }), ([, text], places) => {
        let damaged = text;
        for (const [place, length, put] of places) {
          const at = place % (damaged.length + 1);
          damaged = damaged.slice(0, at) + put + damaged.slice(at + length);
        }
        agreeOn(damaged);
      }),
      { numRuns: 1000 },
    );
  });

  it('calls canonical what is, and nothing else', () => {
    fc.assert(
      fc.property(looseTexts(), ([value, text]) => {
        assert.equal(scanJson(bytesOf(text), DEPTH).isCanonical, text === canonicalText(value));
        assert.ok(scanJson(canonicalBytes(value), DEPTH).isCanonical);
      }),
    );
  });

  for (const text of [
    '"\\u0001"',
    '"\\u00e9"',
    '"\\n\\\\\\""',
    '"/\u007f"',
    '"\\ud83d\\ude00"',
    '-1',
    '{"a":0,"ab":{}}',
  ]) {
    it(`calls ${text} canonical`, () => {
      assert.ok(scanJson(bytesOf(text), DEPTH).isCanonical);
      agreeOn(text);
    });
  }

  for (const text of [
    '"\\u0041"',
    '"\\u00E9"',
    '"\\/"',
    '"\\u000a"',
    '"\\u007f"',
    '"\u00e9"',
    '-0',
    '{"ab":0,"a":0}',
    '[0 ]',
  ]) {
    it(`does not call ${JSON.stringify(text)} canonical`, () => {
      assert.equal(scanJson(bytesOf(text), DEPTH).isCanonical, false);
      agreeOn(text);
    });
  }

  it('remembers of large containers where they end, also where it had to write them anew', () => {
    const large = fc.array(jsonValues(), { minLength: 20, maxLength: 40 }).map((items) => {
      const filled = [...items, 'x'.repeat(5000)];
      return { b: filled, a: { c: filled, b: filled } };
    });
    fc.assert(
      fc.property(looseTexts(large), ([value, text]) => {
        const view = viewStrictJson(bytesOf(text), DEPTH);
        assert.ok(view.ends.size >= 5);
        for (const [start, end] of view.ends) JSON.parse(textOf(view.bytes.subarray(start, end)));
        const sorted = (ends: ReadonlyMap<number, number>) => [...ends].toSorted(([a], [b]) => a - b);
        assert.deepEqual(sorted(view.ends), sorted(scanJson(view.bytes, DEPTH).ends));
        assert.equal(canonicalText(decode(view)), canonicalText(value));
      }),
      { numRuns: 10 },
    );
  });

  it('finds a name that occurs twice among many, in order or not', () => {
    const names = Array.from({ length: 40 }, (_, index) => `"n${index}":0`);
    for (const repeated of ['"n0":1', '"n17":1', '"n39":1', '"\\u006e39":1']) {
      for (const list of [names, names.toReversed(), names.toSorted()]) {
        agreeOn(`{${[...list, repeated].join(',')}}`);
        assert.throws(
          () => scanJson(bytesOf(`{${[...list, repeated].join(',')}}`), DEPTH),
          (error) => error instanceof CodedError && error.code === 'duplicate_name',
        );
      }
    }
  });

  it('takes 20,000 targets of which every object stands in reverse order', () => {
    const entry =
      '{"length":1,"hashes":{"sha512":"b","sha256":"a"},"custom":{"version":"1","name":"a","c":[],"b":0,"a":0}}';
    const entries = Array.from({ length: 20_000 }, (_, index) => `"${99_999 - index}":${entry}`);
    assert.equal(scanJson(bytesOf(`{${entries.join(',')}}`), DEPTH).isCanonical, false);
  });

  it('refuses more small objects out of order than can be sorted in passing', () => {
    assert.throws(
      () => scanJson(bytesOf(`[${Array(300_000).fill('{"b":0,"a":0}').join(',')}]`), DEPTH),
      (error) => error instanceof CodedError && error.code === 'too_disordered',
    );
  });

  it('refuses more names out of order than can be sorted in passing', () => {
    const names = Array.from({ length: 400_000 }, (_, index) => `"${400_000 - index}":0`);
    assert.throws(
      () => scanJson(bytesOf(`{${names.join(',')}}`), DEPTH),
      (error) => error instanceof CodedError && error.code === 'too_disordered',
    );
  });
});
