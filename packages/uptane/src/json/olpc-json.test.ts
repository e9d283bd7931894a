import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalBytes } from './canonical-json.ts';
import { olpcBytes } from './olpc-json.ts';

const written = (text: string): string => new TextDecoder().decode(olpcBytes(canonicalBytes(text)));

describe('OLPC canonical JSON', () => {
  for (const text of [
    'a',
    '\u007f',
    '\u0080',
    '\u00e9',
    '\u07ff',
    '\u0800',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
  ]) {
    it(`holds U+${text.codePointAt(0)?.toString(16) ?? ''} as it is`, () => {
      assert.equal(written(text), `"${text}"`);
    });
  }

  it('escapes quotes and backslashes alone, in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(written(text), `"${text.replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`);
      }),
    );
  });
});
