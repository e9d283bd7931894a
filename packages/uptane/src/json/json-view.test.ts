import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CodedError } from '../errors.ts';
import { canonicalBytes, canonicalText } from './canonical-json.ts';
import { decode, decodeMembers, decodeShort, findMember, hasMoreItems, type JsonView } from './json-view.ts';
import { viewStrictJson } from './strict-json.ts';
import { jsonObject, type JsonValue } from './value.ts';

const viewOf = (text: string): JsonView => viewStrictJson(new TextEncoder().encode(text), 64);

/** How many bytes of the document become text. */
function metered(view: JsonView): { readonly view: JsonView; readonly count: () => number } {
  let count = 0;
  const watch = (bytes: Buffer): Buffer => {
    const toString = (encoding: 'latin1', start = 0, end = bytes.length): string => {
      count += end - start;
      return Buffer.prototype.toString.call(bytes, encoding, start, end);
    };
    const subarray = (start: number, end: number): Buffer =>
      watch(Buffer.prototype.subarray.call(bytes, start, end));
    return Object.assign(bytes, { toString, subarray });
  };
  return { view: { ...view, bytes: watch(Buffer.from(view.bytes)) }, count: () => count };
}

const nested = (inner: string, open: string, close: string): string =>
  open.repeat(50) + inner + close.repeat(50);

describe('decoding a view', () => {
  it('gives what was written, escaped or not, large or small', () => {
    const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<JsonValue[]>(null, true, false, 0, 7, -12, 'a', '', '\u00fc\n', 'x'.repeat(5000)),
        fc.string({ unit: 'binary' }),
        fc.maxSafeInteger(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.array(fc.tuple(fc.string(), tie('tree')), { maxLength: 4 }).map((all) => jsonObject(new Map(all))),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        assert.equal(canonicalText(decode(viewStrictJson(canonicalBytes(value), 64))), canonicalText(value));
      }),
    );
  });

  const SHAPES: readonly (readonly [string, string])[] = [
    ['lists in lists', nested(`"\\\\",${'"\\\\",'.repeat(5000)}{}`, '[', ']')],
    ['objects in objects', nested(`["\\\\",${'{"b":"\\\\"},'.repeat(5000)}1]`, '{"a":', '}')],
    ['numbers in lists', nested(`"\\\\",{},${'123,'.repeat(5000)}1`, '[', ']')],
  ];
  for (const [name, text] of SHAPES) {
    it(`looks at each byte of ${name} no more often the deeper it stands`, () => {
      const { view, count } = metered(viewOf(text));
      assert.equal(canonicalText(decode(view)), text);
      assert.ok(count() <= 2 * text.length, `${count()} of ${text.length}`);
    });
  }
});

describe('a value in short', () => {
  const LARGE = `["\\\\",${'1,'.repeat(50_000)}1]`;

  it('of a container is its kind, whatever is in it', () => {
    const { view, count } = metered(viewOf(LARGE));
    assert.deepEqual(decodeShort(view, 'x'), []);
    const object = metered(viewOf(`{"a":${LARGE}}`));
    assert.deepEqual(decodeShort(object.view, 'x'), jsonObject([]));
    assert.equal(count() + object.count(), 0);
  });

  it('is the value where that is none', () => {
    for (const text of ['"\\u00fc"', '""', '-12', 'null', 'true'])
      assert.equal(canonicalText(decodeShort(viewOf(text), 'x')), text);
  });

  it('is none of a text beyond its bound', () => {
    assert.equal(decodeShort(viewOf(`"${'a'.repeat(4094)}"`), 'x'), 'a'.repeat(4094));
    assert.throws(
      () => decodeShort(viewOf(`"${'a'.repeat(4095)}"`), 'x\n'),
      (error) => error instanceof CodedError && error.message === '"x?" is longer than 4096 bytes.',
    );
  });

  it('of members makes those alone that are asked for', () => {
    const { view, count } = metered(
      viewOf(`{"a":${LARGE},"b":"text","c":${LARGE},"d":"${'d'.repeat(9999)}"}`),
    );
    const found = decodeMembers(view, ['b', 'c', 'e'], 'x');
    assert.deepEqual(
      found,
      jsonObject([
        ['b', 'text'],
        ['c', []],
      ]),
    );
    assert.ok(count() < 20, String(count()));
  });
});

describe('a view', () => {
  it('finds a member by its whole name, however that is written', () => {
    const view = viewOf('{"\\u00fc":1,"a":2,"aa":3,"a\\"":4}');
    const at = (name: string): JsonValue | undefined => {
      const found = findMember(view, name);
      return found === undefined ? undefined : decode(found);
    };
    assert.deepEqual(['\u00fc', 'a', 'aa', 'a"', 'aaa', ''].map(at), [1, 2, 3, 4, undefined, undefined]);
  });

  it('knows whether a list has more items than so many', () => {
    assert.equal(hasMoreItems(viewOf('[1,[2,3],4]'), 3), false);
    assert.equal(hasMoreItems(viewOf('[1,[2,3],4]'), 2), true);
    assert.equal(hasMoreItems(viewOf('[]'), 0), false);
  });
});
